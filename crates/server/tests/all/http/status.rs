//! `GET /status/{list}`: which sessions were ended, for services that ask nobody per request.

mod life;
mod list;
