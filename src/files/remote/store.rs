//! Which store an object lies in, and how it is reached.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::http::HttpBuilder;
use object_store::path::Path as Key;
use object_store::{ClientOptions, ObjectStore};
use reqwest as _; // its features alone: certificates and the choice of cryptography are those of rustls
use tokio::runtime::{Builder, Handle, Runtime};

/// The stores that were used so far, and the thread that requests run on.
pub(super) struct Stores {
    runtime: Runtime,
    open: Mutex<HashMap<String, Arc<dyn ObjectStore>>>,
}

/// A key in a store.
pub(super) struct At {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) key: Key,
    pub(super) requests: Handle,
}

/// The parts of a name of objects.
struct Parts<'a> {
    scheme: &'a str,
    /// The bucket, the container, or the host with its port.
    bucket: &'a str,
    key: &'a str,
}

fn parts(path: &Path) -> Option<Parts<'_>> {
    let (scheme, rest) = path.to_str()?.split_once("://")?;
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    Some(Parts { scheme, bucket, key })
}

/// Why a name is not taken.
pub(crate) fn refused(path: &Path) -> Option<&'static str> {
    let Parts { scheme, bucket, key } = parts(path)?;
    let is_web = matches!(scheme, "http" | "https");
    let host = bucket.rsplit_once(':').map_or(bucket, |(host, _)| host);
    let why = if bucket.contains('@') {
        "it has a user name or a password; credentials are taken from the environment alone"
    } else if bucket.is_empty() || !bucket.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte))
    {
        "it names no bucket, container or host"
    } else if is_web && key.contains(['?', '#']) {
        "it has a query, as presigned addresses have: download the file, or name the object with s3://, az:// or gs://"
    } else if is_web && (key.is_empty() || key.ends_with('/')) {
        "web servers do not list their files: name one file"
    } else if scheme == "http" && !["127.0.0.1", "[::1]", "localhost"].contains(&host) {
        "http:// is taken of this machine alone: use https://"
    } else if key_of(scheme, key).is_err() {
        "its path has empty parts, \".\" or \"..\""
    } else {
        return None;
    };
    Some(why)
}

fn key_of(scheme: &str, key: &str) -> Result<Key, object_store::path::Error> {
    let key = key.strip_suffix('/').unwrap_or(key);
    // Names of objects are as they are; the path of a web address has its escapes.
    if matches!(scheme, "http" | "https") { Key::from_url_path(key) } else { Key::parse(key) }
}

impl Stores {
    pub(super) fn new() -> io::Result<Self> {
        // Another provider that is set already does as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("requests").enable_all().build()?;
        Ok(Self { runtime, open: Mutex::default() })
    }

    /// Waits for requests.
    pub(super) fn block_on<T>(&self, requests: impl Future<Output = T>) -> T {
        self.runtime.block_on(requests)
    }

    /// Where an object, or a prefix, is.
    pub(super) fn at(&self, path: &Path) -> io::Result<At> {
        let wrong = |why: String| io::Error::new(io::ErrorKind::InvalidInput, why);
        if let Some(why) = refused(path) {
            return Err(wrong(why.to_owned()));
        }
        let Parts { scheme, bucket, key } = parts(path).ok_or_else(|| wrong("it names no object".to_owned()))?;
        let key = key_of(scheme, key).map_err(|error| wrong(error.to_string()))?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let name = format!("{scheme}://{bucket}");
        let store = match open.get(&name) {
            Some(store) => Arc::clone(store),
            None => {
                let store = store(scheme, bucket).map_err(|error| wrong(told(&error)))?;
                open.insert(name, Arc::clone(&store));
                store
            }
        };
        Ok(At { store, key, requests: self.runtime.handle().clone() })
    }
}

fn store(scheme: &str, bucket: &str) -> object_store::Result<Arc<dyn ObjectStore>> {
    Ok(match scheme {
        "s3" => Arc::new(AmazonS3Builder::from_env().with_bucket_name(bucket).build()?),
        "az" => Arc::new(MicrosoftAzureBuilder::from_env().with_container_name(bucket).build()?),
        "gs" => Arc::new(GoogleCloudStorageBuilder::from_env().with_bucket_name(bucket).build()?),
        _ => {
            let options = ClientOptions::new().with_allow_http(scheme == "http");
            Arc::new(HttpBuilder::new().with_url(format!("{scheme}://{bucket}")).with_client_options(options).build()?)
        }
    })
}

/// The most characters of a store's answer that are told.
const TOLD: usize = 300;

/// What a store says, in one line and without what could be a secret: addresses lose their queries.
pub(super) fn told(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    let words = text.split_whitespace().map(|word| match word.split_once('?') {
        Some((before, _)) if before.contains("://") => format!("{before}?…"),
        _ => word.to_owned(),
    });
    let line = words.collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(TOLD) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_carry_secrets_or_lead_elsewhere_are_refused_without_telling_them() {
        for wrong in [
            "https://bucket.s3.amazonaws.com/SYSTEM?X-Amz-Signature=s3cret",
            "https://user:s3cret@host/SYSTEM",
            "https://host/a#s3cret",
            "https://host/",
            "https://host",
            "http://169.254.169.254/latest/meta-data/s3cret",
            "http://127.0.0.1.example.org/SYSTEM",
            "s3://",
            "s3://user:s3cret@bucket/key",
            "s3://bucket/a/../../s3cret",
            "s3://bucket//a",
        ] {
            let refused = crate::files::refused(Path::new(wrong)).unwrap_or_else(|| panic!("{wrong} is taken"));
            assert!(!refused.to_string().contains("s3cret"), "{refused}");
        }
        for right in [
            "s3://bucket",
            "s3://bucket/",
            "s3://b/hosts/DC 01/SYSTEM",
            "s3://b/a?b",
            "gs://b/x/",
            "http://localhost:80/a",
        ] {
            assert_eq!(refused(Path::new(right)), None);
        }
    }

    #[test]
    fn what_a_store_says_is_one_line_without_queries() {
        let error = io::Error::other(format!("GET https://h/b?sig=s3cret\n<xml>\u{7}</xml> {}", "x".repeat(1000)));
        let told = told(&error);
        assert!(told.starts_with("GET https://h/b?… <xml>") && !told.contains(['\n']) && told.len() < 400, "{told}");
    }
}
