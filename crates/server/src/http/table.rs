//! A URL table: each route declared once, with method, path, handler and what it may refuse. From it come the router and
//! the API document, so that neither knows a route that the other does not.

mod signature;

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, on};

pub(crate) use self::signature::{Answered, Answers, Described, Schema, Signature, Takes, answer_schema};
use super::error;
use super::error::words::Words;
use crate::app::SharedApp;

/// One route, as the document tells it.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    /// Module and name of the handler: unique, and where to read on.
    pub(crate) name: String,
    pub(crate) says: &'static str,
    pub(crate) signature: Signature,
}

/// Routes under way to a router.
pub(crate) struct Table {
    router: Router<SharedApp>,
    routes: Vec<Route>,
    pages: Vec<(Method, &'static str)>,
}

/// One function for each method: path, handler, what it is for, and what it refuses beside what its types tell.
macro_rules! methods {
    ($($name:ident $method:ident)*) => {
        impl Table {
            $(pub(crate) fn $name<H: Handler<T, SharedApp> + Described<D>, T: 'static, D>(
                self,
                path: &'static str,
                handler: H,
                says: &'static str,
                refuses: &[&[Words]],
            ) -> Self {
                self.on((MethodFilter::$method, Method::$method), path, handler, (says, refuses))
            })*
        }
    };
}

methods!(get GET post POST put PUT patch PATCH delete DELETE);

impl Table {
    pub(crate) fn new() -> Self {
        Self { router: Router::new(), routes: Vec::new(), pages: Vec::new() }
    }

    fn on<H: Handler<T, SharedApp> + Described<D>, T: 'static, D>(
        mut self,
        (filter, method): (MethodFilter, Method),
        path: &'static str,
        handler: H,
        (says, refuses): (&'static str, &[&[Words]]),
    ) -> Self {
        let mut signature = Signature::default();
        H::describe(&mut signature);
        signature.problems.extend(refuses.iter().copied().flatten());
        self.routes.push(Route { method, path, name: name_of::<H>(), says, signature });
        self.router = self.router.route(path, on(filter, handler));
        self
    }

    /// A page that is got. Programs use the API: the document does not name it.
    pub(crate) fn get_page<H: Handler<T, SharedApp>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.page(MethodFilter::GET, Method::GET, path, handler)
    }

    /// A form that is posted.
    pub(crate) fn post_page<H: Handler<T, SharedApp>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.page(MethodFilter::POST, Method::POST, path, handler)
    }

    fn page<H: Handler<T, SharedApp>, T: 'static>(
        mut self,
        filter: MethodFilter,
        method: Method,
        path: &'static str,
        handler: H,
    ) -> Self {
        self.pages.push((method, path));
        self.router = self.router.route(path, on(filter, handler));
        self
    }

    /// The pages that were declared.
    #[cfg(feature = "testing")]
    pub(crate) fn into_pages(self) -> Vec<(Method, &'static str)> {
        self.pages
    }

    /// What was declared.
    pub(crate) fn into_routes(self) -> Vec<Route> {
        self.routes
    }

    /// The router, with an answer for everything that was not declared.
    pub(crate) fn into_router(self) -> Router<SharedApp> {
        self.router.fallback(error::no_such_route).method_not_allowed_fallback(error::method_not_allowed)
    }
}

/// `login.begin` for the handler `begin` in `http::login`.
fn name_of<H>() -> String {
    let full = std::any::type_name::<H>();
    full.split_once("::http::").map_or(full, |(_, name)| name).replace("::", ".")
}
