//! `/v1/invite/accept` and the enrolment that follows.

mod accept;
