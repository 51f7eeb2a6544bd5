//! A sign-in service of a few lines on loopback, which says what a test tells it to say.
//!
//! It has a key of its own, publishes it, and gives out tokens for any code. It holds the client
//! to its part: the secret must be right, and the verifier must be that of the challenge that the
//! browser was sent with (RFC 7636). A test changes [`Plan`] to make it lie.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use openidconnect::core::{
    CoreEdDsaPrivateSigningKey, CoreIdToken, CoreIdTokenClaims, CoreJsonWebKeySet,
    CoreJwsSigningAlgorithm,
};
use openidconnect::{
    Audience, AuthenticationMethodReference, EmptyAdditionalClaims, EndUserUsername, IssuerUrl,
    JsonWebKeyId, Nonce, PrivateSigningKey, StandardClaims, SubjectIdentifier,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// As whom the service knows the pages.
pub const CLIENT: &str = "pendeen";
/// The client's secret, with a character that must be coded on the way.
pub const SECRET: &str = "a secret: of the client";

/// What the service says next.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Its issuer identifier.
    pub issuer: String,
    /// What its metadata is, in place of the right one.
    pub metadata: Option<(StatusCode, String)>,
    /// The key that it publishes, and the one that it signs with: numbers of seeds.
    pub published: u8,
    /// See `published`.
    pub signs: u8,
    /// The issuer, audience, nonce and subject of the token.
    pub token_issuer: String,
    /// See `token_issuer`.
    pub audience: String,
    /// See `token_issuer`.
    pub nonce: String,
    /// See `token_issuer`.
    pub subject: String,
    /// When the token ends, in seconds since 1970.
    pub expires: i64,
    /// By which methods the person showed who they are.
    pub methods: Vec<String>,
    /// The challenge that the browser was sent with.
    pub challenge: String,
    /// What becomes of the token before it is given out.
    pub tampered: Tampered,
}

/// What becomes of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tampered {
    /// Nothing.
    No,
    /// Its signature is taken away, and its header says so.
    Unsigned,
    /// Another subject is written into it.
    Subject,
    /// It is left out.
    Missing,
}

/// The service, running until the test ends.
#[derive(Clone)]
pub struct Fake {
    plan: Arc<Mutex<Plan>>,
}

impl Fake {
    /// Starts; `now` in seconds since 1970.
    pub async fn start(now: i64) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let plan = Plan {
            token_issuer: issuer.clone(),
            issuer,
            metadata: None,
            published: 1,
            signs: 1,
            audience: CLIENT.to_owned(),
            nonce: String::new(),
            subject: "subject-1".to_owned(),
            expires: now + 300,
            methods: Vec::new(),
            challenge: String::new(),
            tampered: Tampered::No,
        };
        let fake = Self { plan: Arc::new(Mutex::new(plan)) };
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        fake
    }

    /// Changes what it says.
    pub fn plan(&self, change: impl FnOnce(&mut Plan)) {
        change(&mut self.plan.lock().unwrap());
    }

    /// What it says now.
    pub fn now(&self) -> Plan {
        self.plan.lock().unwrap().clone()
    }
}

/// The key of a seed.
fn key(seed: u8) -> CoreEdDsaPrivateSigningKey {
    // RFC 8410, section 7: a private key in PKCS #8.
    let mut bytes = hex::decode("302e020100300506032b657004220420").unwrap();
    bytes.extend([seed; 32]);
    let coded = BASE64_STANDARD.encode(bytes);
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{coded}\n-----END PRIVATE KEY-----\n");
    let id = JsonWebKeyId::new(format!("key-{seed}"));
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, Some(id)).unwrap()
}

async fn metadata(State(fake): State<Fake>) -> Response {
    let Plan { issuer, metadata, .. } = fake.now();
    let json = [(header::CONTENT_TYPE, "application/json")];
    if let Some((status, text)) = metadata {
        return (status, json, text).into_response();
    }
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorise"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "end_session_endpoint": format!("{issuer}/end"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA", "HS256", "none"],
    }))
    .into_response()
}

async fn keys(State(fake): State<Fake>) -> Json<Value> {
    let set = CoreJsonWebKeySet::new(vec![key(fake.now().published).as_verification_key()]);
    Json(serde_json::to_value(set).unwrap())
}

async fn token(
    State(fake): State<Fake>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let plan = fake.now();
    let refused =
        |why: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": why}))).into_response();
    let shown = headers.get(header::AUTHORIZATION).and_then(|shown| shown.to_str().ok());
    // RFC 6749, section 2.3.1: coded as in a form, then as HTTP Basic has it.
    let coded = SECRET.replace(':', "%3A").replace(' ', "+");
    let basic = BASE64_STANDARD.encode(format!("{CLIENT}:{coded}"));
    if shown != Some(&format!("Basic {basic}")) {
        return refused("invalid_client");
    }
    let verifier = form.get("code_verifier").map(String::as_str).unwrap_or_default();
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    if challenge != plan.challenge
        || form.get("grant_type").is_none_or(|g| g != "authorization_code")
    {
        return refused("invalid_grant");
    }
    let mut answer = json!({"access_token": "opaque", "token_type": "Bearer", "expires_in": 60});
    if let Some(token) = id_token(&plan) {
        answer["id_token"] = token.into();
    }
    Json(answer).into_response()
}

fn id_token(plan: &Plan) -> Option<String> {
    let at = |seconds: i64| chrono::DateTime::from_timestamp(seconds, 0).unwrap();
    let methods = plan.methods.iter().cloned().map(AuthenticationMethodReference::new).collect();
    let standard = StandardClaims::new(SubjectIdentifier::new(plan.subject.clone()))
        .set_preferred_username(Some(EndUserUsername::new("penrose <b>".to_owned())));
    let claims = CoreIdTokenClaims::new(
        IssuerUrl::new(plan.token_issuer.clone()).unwrap(),
        vec![Audience::new(plan.audience.clone())],
        at(plan.expires),
        at(plan.expires - 300),
        standard,
        EmptyAdditionalClaims {},
    )
    .set_nonce(Some(Nonce::new(plan.nonce.clone())))
    .set_auth_method_refs(Some(methods));
    let signed =
        CoreIdToken::new(claims, &key(plan.signs), CoreJwsSigningAlgorithm::EdDsa, None, None);
    let signed = signed.unwrap().to_string();
    let parts: Vec<&str> = signed.split('.').collect();
    match plan.tampered {
        Tampered::No => Some(signed),
        Tampered::Missing => None,
        Tampered::Unsigned => {
            let header = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
            Some(format!("{header}.{}.", parts[1]))
        }
        Tampered::Subject => {
            let claims = BASE64_URL_SAFE_NO_PAD.decode(parts[1]).unwrap();
            let claims = String::from_utf8(claims).unwrap();
            let claims = claims.replace(&plan.subject, "subject-of-another");
            let claims = BASE64_URL_SAFE_NO_PAD.encode(claims);
            Some(format!("{}.{claims}.{}", parts[0], parts[2]))
        }
    }
}
