//! Static files: in the binary, under names that change with their content, so that a browser
//! may keep them for a year and still never shows an old one.

use std::{collections::HashMap, sync::LazyLock};

use actix_web::{HttpResponse, http::header, web::Path};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

/// A year, in seconds: the longest that RFC 9111's predecessors allowed, and what caches expect.
const FOREVER: &str = "public, max-age=31536000, immutable";

/// The files by their fingerprinted names.
static BY_NAME: LazyLock<HashMap<String, EmbeddedFile>> = LazyLock::new(|| {
    Files::iter()
        .filter_map(|path| Files::get(&path).map(|file| (fingerprinted(&path, &file), file)))
        .collect()
});

/// Where a file of `static/` is served: `url("waxseal.css")` is `/static/waxseal.1f3a….css`.
pub fn url(path: &str) -> String {
    match Files::get(path) {
        Some(file) => format!("/static/{}", fingerprinted(path, &file)),
        None => {
            log::error!("a page asks for static/{path}, which is not there");
            format!("/static/{path}")
        }
    }
}

/// Serves a file by its fingerprinted name.
pub(super) async fn serve(name: Path<String>) -> HttpResponse {
    match BY_NAME.get(name.as_str()) {
        Some(file) => HttpResponse::Ok()
            .content_type(content_type(file))
            .insert_header((header::CACHE_CONTROL, FOREVER))
            .body(file.data.clone()),
        None => HttpResponse::NotFound().finish(),
    }
}

/// What a file is, and that its text is UTF-8.
fn content_type(file: &EmbeddedFile) -> String {
    let mime = file.metadata.mimetype();
    if mime.starts_with("text/") { format!("{mime}; charset=utf-8") } else { mime.to_owned() }
}

/// `waxseal.css` with the first 8 bytes of its SHA-256: `waxseal.1f3a….css`.
fn fingerprinted(path: &str, file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    let print: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    match path.rsplit_once('.') {
        Some((stem, extension)) => format!("{stem}.{print}.{extension}"),
        None => format!("{path}.{print}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the pages ask for: a file that is missing would be seen by visitors only.
    #[test]
    fn the_files_of_the_layout_are_there() {
        for path in ["waxseal.css", "favicon.svg"] {
            assert!(BY_NAME.contains_key(url(path).trim_start_matches("/static/")), "{path}");
        }
    }
}
