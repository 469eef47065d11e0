//! The registry as an OpenAPI document.

use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, Info, OpenApi, OpenApiBuilder, Paths};

use super::routes::routes;

/// Everything that is served, from the same registry that serves it.
pub fn document() -> OpenApi {
    let mut paths = Paths::new();
    let mut components = ComponentsBuilder::new().security_scheme(
        "session",
        SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)),
    );
    for route in routes() {
        let path = route.path;
        let (method, operation, schemas) = route.document();
        paths.add_path_operation(path, vec![method], operation);
        components = components.schemas_from_iter(schemas);
    }
    let mut info = Info::new("Crest", env!("CARGO_PKG_VERSION"));
    info.description = Some(
        "Real-time customer service. Problems are RFC 9457; times are Unix milliseconds; lists are \
         read by `cursor`. Conversations themselves run over WebSocket, see PROTOCOL.md."
            .to_owned(),
    );
    OpenApiBuilder::new()
        .info(info)
        .paths(paths)
        .components(Some(components.build()))
        .build()
}
