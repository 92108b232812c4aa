//! Static files, embedded in the binary. Their names have a fingerprint of the content, so browsers
//! can cache them for a year and never show an old one.

use std::{collections::HashMap, sync::LazyLock};

use actix_web::{HttpResponse, http::header, web::Path};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

/// For a year, in seconds: the longest that RFC 2616 (section 14.21) allowed, and what caches expect.
const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

static BY_NAME: LazyLock<HashMap<String, EmbeddedFile>> = LazyLock::new(|| {
    Files::iter()
        .filter_map(|path| Files::get(&path).map(|file| (fingerprinted(&path, &file), file)))
        .collect()
});

/// The URL of a file of `static/`: `url("waxseal.css")` is `/static/waxseal.1f3a….css`.
pub fn url(path: &str) -> String {
    match Files::get(path) {
        Some(file) => format!("/static/{}", fingerprinted(path, &file)),
        None => {
            log::error!("a page links to static/{path}, which does not exist");
            format!("/static/{path}")
        }
    }
}

pub(crate) async fn serve(name: Path<String>) -> HttpResponse {
    match BY_NAME.get(name.as_str()) {
        Some(file) => HttpResponse::Ok()
            .content_type(content_type(file))
            .insert_header((header::CACHE_CONTROL, CACHE_CONTROL))
            .body(file.data.clone()),
        None => HttpResponse::NotFound().finish(),
    }
}

fn content_type(file: &EmbeddedFile) -> String {
    let mime = file.metadata.mimetype();
    if mime.starts_with("text/") { format!("{mime}; charset=utf-8") } else { mime.to_owned() }
}

/// `waxseal.css` with the first 8 bytes of its SHA-256: `waxseal.1f3a….css`.
fn fingerprinted(path: &str, file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    let fingerprint: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    match path.rsplit_once('.') {
        Some((stem, extension)) => format!("{stem}.{fingerprint}.{extension}"),
        None => format!("{path}.{fingerprint}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A missing file would only be noticed in a browser.
    #[test]
    fn the_files_of_the_layout_exist() {
        for path in ["waxseal.css", "favicon.svg"] {
            assert!(BY_NAME.contains_key(url(path).trim_start_matches("/static/")), "{path}");
        }
    }
}
