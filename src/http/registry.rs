//! A route: method, path, operation, handler and documentation in one value. There is no other way
//! to be served.

use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, MethodRouter, on};
use utoipa::openapi::path::{
    HttpMethod, Operation as DocOperation, OperationBuilder, Parameter, ParameterBuilder,
    ParameterIn,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{Object, Schema};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Content, RefOr, Required, ResponseBuilder};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::problem::ProblemBody;
use super::state::HttpState;
use crate::auth::{Access, Operation};

/// Schemas by name, as utoipa collects them.
pub(super) type Schemas = Vec<(String, RefOr<Schema>)>;

/// One route of the interface.
pub struct Route {
    pub method: Method,
    /// `{name}` stands for one segment.
    pub path: &'static str,
    pub operation: Operation,
    pub(super) handler: MethodRouter<HttpState>,
    pub(super) doc: OperationBuilder,
    pub(super) schemas: Schemas,
}

macro_rules! methods {
    ($($name:ident $method:ident;)*) => {$(
        pub(super) fn $name<H, T>(path: &'static str, operation: Operation, handler: H) -> Self
        where
            H: Handler<T, HttpState>,
            T: 'static,
        {
            let served = on(MethodFilter::$method, handler);
            Self::new(Method::$method, path, operation, served)
        }
    )*};
}

impl Route {
    methods! {
        get GET;
        post POST;
        put PUT;
        delete DELETE;
    }

    fn new(
        method: Method,
        path: &'static str,
        operation: Operation,
        handler: MethodRouter<HttpState>,
    ) -> Self {
        let mut doc = OperationBuilder::new()
            .operation_id(Some(operation.as_str()))
            .tag(tag(path));
        for name in path.split('/').filter_map(placeholder) {
            let parameter = ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .schema(Some(String::schema()));
            doc = doc.parameter(parameter);
        }
        doc = match operation.access() {
            Access::Public => doc.description(Some("Anybody may call it.")),
            Access::Scraper => doc.description(Some(
                "Needs the bearer token `server.metrics_token` where one is set.",
            )),
            Access::Roles(roles) => {
                let names: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
                doc.security(SecurityRequirement::new("session", [] as [&str; 0]))
                    .description(Some(format!("Roles: {}.", names.join(", "))))
            }
        };
        let mut schemas = Schemas::new();
        named::<ProblemBody>(&mut schemas);
        let problem = ResponseBuilder::new()
            .description("A problem; `code` says which, `detail` what to do next.")
            .content("application/problem+json", content::<ProblemBody>());
        Self {
            doc: doc.response("default", problem),
            method,
            path,
            operation,
            handler,
            schemas,
        }
    }

    /// One line of what it does.
    pub(super) fn says(mut self, summary: &str) -> Self {
        self.doc = self.doc.summary(Some(summary));
        self
    }

    pub(super) fn query<T: IntoParams>(mut self) -> Self {
        for parameter in T::into_params(|| Some(ParameterIn::Query)) {
            self.doc = self.doc.parameter::<Parameter>(parameter);
        }
        self
    }

    pub(super) fn takes<T: ToSchema>(mut self) -> Self {
        named::<T>(&mut self.schemas);
        let body = RequestBodyBuilder::new()
            .required(Some(Required::True))
            .content("application/json", content::<T>());
        self.doc = self.doc.request_body(Some(body.build()));
        if self.method == Method::POST && matches!(self.operation.access(), Access::Roles(_)) {
            let key = ParameterBuilder::new()
                .name("Idempotency-Key")
                .parameter_in(ParameterIn::Header)
                .description(Some(
                    "The same key with the same request is answered once, for 24 hours.",
                ))
                .schema(Some(String::schema()));
            self.doc = self.doc.parameter(key);
        }
        self
    }

    pub(super) fn gives<T: ToSchema>(mut self, status: u16) -> Self {
        named::<T>(&mut self.schemas);
        let response = ResponseBuilder::new()
            .description("Done.")
            .content("application/json", content::<T>());
        self.doc = self.doc.response(status.to_string(), response);
        self
    }

    /// Answers with this media type, or with nothing where it is empty.
    pub(super) fn gives_bare(mut self, status: u16, media: &str) -> Self {
        let mut response = ResponseBuilder::new().description("Done.");
        if !media.is_empty() {
            let text = Content::new(Some(RefOr::T(Schema::Object(Object::new()))));
            response = response.content(media, text);
        }
        self.doc = self.doc.response(status.to_string(), response);
        self
    }

    pub(super) fn document(self) -> (HttpMethod, DocOperation, Schemas) {
        let method = match self.method {
            Method::GET => HttpMethod::Get,
            Method::PUT => HttpMethod::Put,
            Method::DELETE => HttpMethod::Delete,
            _ => HttpMethod::Post,
        };
        (method, self.doc.build(), self.schemas)
    }
}

fn content<T: ToSchema>() -> Content {
    Content::new(Some(RefOr::Ref(utoipa::openapi::Ref::from_schema_name(
        T::name(),
    ))))
}

fn named<T: ToSchema>(schemas: &mut Schemas) {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
}

fn placeholder(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

/// Routes are grouped by the word after `/v1/`.
fn tag(path: &str) -> &str {
    path.strip_prefix("/v1/")
        .and_then(|rest| rest.split('/').next())
        .unwrap_or("node")
}
