//! `/v1/step-up`, `/v1/account`, `/v1/factors` and `/v1/devices`.

mod changes;
mod kinds;
mod replaced;
mod step_up;
mod world;
