//! The sign-in service: what it says of itself, sending a person there, and believing the answer.
//!
//! In: settings, then the answer that the browser brings back. Out: the identity that the service
//! vouches for ([`Vouched`]). The flow is the authorisation code's, with PKCE (S256), state and
//! nonce; the ID token is verified (signature by the service's published keys, issuer, audience,
//! nonce, expiry) before anything of it is read. Refused: symmetric and absent signatures,
//! whatever the service's metadata allows, and addresses that are not HTTPS.
//!
//! Metadata and keys are fetched when they are first needed and then hourly, so that the program
//! starts while the service is down; a token signed with a new key makes them be fetched again,
//! at most once a minute. No token is kept.
//!
//! Source: OpenID Connect Core 1.0, section 3.1; Discovery 1.0; RP-Initiated Logout 1.0;
//! RFC 7636 (PKCE); RFC 9207 (issuer in the answer).

use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreErrorResponseType, CoreIdTokenClaims,
    CoreIdTokenVerifier, CoreJwsSigningAlgorithm,
};
use openidconnect::url::Url;
use openidconnect::{
    AccessTokenHash, AuthenticationContextClass, AuthorizationCode, ClientId, ClientSecret,
    CsrfToken, DiscoveryError, EndpointMaybeSet, EndpointNotSet, EndpointSet, IssuerUrl,
    LogoutRequest, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier,
    PostLogoutRedirectUrl, ProviderMetadataWithLogout, RedirectUrl, RequestTokenError,
    TokenResponse,
};
use pendeen_store::account::provider::Identity;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::http::{Http, HttpError, may_be_asked};
use super::refusal::{Refusal, unknown_key};
use super::settings::{self, SecondFactorBy, Settings, SettingsError};

/// Where the service sends people back to.
pub(crate) const BACK: &str = "/sign-in/provider/back";
/// Where it sends them after signing out there.
const AFTER: &str = "/sign-in";

/// How long metadata and keys are believed.
const FRESH: SignedDuration = SignedDuration::from_hours(1);
/// How soon they may be asked for again.
const AGAIN: SignedDuration = SignedDuration::from_mins(1);

/// How tokens may be signed: with a key that the service publishes, never with a shared secret.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// What the service said of itself, and when.
struct Said {
    at: Timestamp,
    metadata: ProviderMetadataWithLogout,
}

/// A sign-in service, as the operator set it up.
pub struct Provider {
    label: String,
    issuer: IssuerUrl,
    client_id: ClientId,
    secret: ClientSecret,
    back: RedirectUrl,
    after: PostLogoutRedirectUrl,
    second_factor: SecondFactorBy,
    http: Http,
    said: Mutex<Option<Arc<Said>>>,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// What a session keeps of a sign-in that is under way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Flow {
    state: String,
    nonce: String,
    verifier: String,
}

/// What the browser brings back from the service.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Brought {
    #[serde(default)]
    state: String,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

/// What the service vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Vouched {
    /// Whom.
    pub identity: Identity,
    /// What it calls the person, if it tells: for the person to recognise, for nothing else.
    pub name: Option<String>,
    /// Whether it asked for a second factor in a way that the operator lets count.
    pub second_factor: bool,
}

impl Provider {
    /// Reads the secret and the authorities that the settings name; asks nobody yet.
    pub fn open(settings: &Settings) -> Result<Self, SettingsError> {
        settings::address("issuer", &settings.issuer)?;
        let origin = settings::origin(&settings.address)?;
        let at = |path: &str| origin.join(path).map_or_else(|_| String::new(), Into::into);
        let wrong = |name, value: &str| {
            let value = value.to_owned();
            move |_| SettingsError::Address { name, value }
        };
        let own = &settings.address;
        Ok(Self {
            label: settings.label.clone(),
            issuer: IssuerUrl::new(settings.issuer.clone())
                .map_err(wrong("issuer", &settings.issuer))?,
            client_id: ClientId::new(settings.client_id.clone()),
            secret: ClientSecret::new(settings::secret(&settings.client_secret_file)?),
            back: RedirectUrl::new(at(BACK)).map_err(wrong("address", own))?,
            after: PostLogoutRedirectUrl::new(at(AFTER)).map_err(wrong("address", own))?,
            second_factor: settings.second_factor.clone(),
            http: Http::new(settings.ca_file.as_deref())?,
            said: Mutex::new(None),
        })
    }

    /// What people call the service.
    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    /// Its issuer identifier.
    pub(crate) fn issuer(&self) -> &str {
        self.issuer.as_str()
    }

    /// Where to send a person, and what to keep until they come back.
    pub(crate) async fn begin(&self, now: Timestamp) -> Result<(String, Flow), Refusal> {
        let client = self.client(&*self.said(now, FRESH).await?);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let request = client.authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        );
        let classes = self.second_factor.acr.iter().cloned().map(AuthenticationContextClass::new);
        let request =
            classes.fold(request, openidconnect::AuthorizationRequest::add_auth_context_value);
        let (url, state, nonce) = request.set_pkce_challenge(challenge).url();
        let flow = Flow {
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
        };
        Ok((url.into(), flow))
    }

    /// Whom the service vouches for, by what the browser brought back.
    pub(crate) async fn finish(
        &self,
        flow: Flow,
        brought: Brought,
        now: Timestamp,
    ) -> Result<Vouched, Refusal> {
        if brought.state != flow.state {
            return Err(Refusal::State);
        }
        if brought.iss.is_some_and(|issuer| issuer != self.issuer.as_str()) {
            return Err(Refusal::OtherIssuer);
        }
        if let Some(error) = brought.error {
            return Err(Refusal::Error(error));
        }
        let code = brought.code.ok_or_else(|| Refusal::Error("no code".to_owned()))?;
        let said = self.said(now, FRESH).await?;
        let client = self.client(&said);
        let answer = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| Refusal::Metadata(error.to_string()))?
            .set_pkce_verifier(PkceCodeVerifier::new(flow.verifier))
            .request_async(&self.http)
            .await
            .map_err(not_exchanged)?;
        let missing = || Refusal::Token { key: "no token", detail: "no ID token came".to_owned() };
        let token = answer.id_token().ok_or_else(missing)?;
        let nonce = Nonce::new(flow.nonce);
        let verified = match token.claims(&verifier(&client, now), &nonce) {
            Err(error) if unknown_key(&error) => {
                let client = self.client(&*self.said(now, AGAIN).await?);
                token.claims(&verifier(&client, now), &nonce).map_err(Refusal::from)
            }
            verified => verified.map_err(Refusal::from),
        };
        let claims = verified?;
        if let Some(wanted) = claims.access_token_hash() {
            let wrong = |detail: String| Refusal::Token { key: "access token", detail };
            let verifier = verifier(&client, now);
            let key = token.signing_key(&verifier).map_err(|e| wrong(e.to_string()))?;
            let algorithm = token.signing_alg().map_err(|e| wrong(e.to_string()))?;
            let hash = AccessTokenHash::from_token(answer.access_token(), algorithm, key);
            if hash.map_err(|e| wrong(e.to_string()))? != *wanted {
                return Err(wrong("the access token is another one".to_owned()));
            }
        }
        Ok(self.vouched(claims))
    }

    /// Where a person can sign out of the service as well, where it offers that.
    pub(crate) async fn farewell(&self, now: Timestamp) -> Option<String> {
        let said = self.said(now, FRESH).await.ok()?;
        let end = said.metadata.additional_metadata().end_session_endpoint.clone()?;
        may_be_asked(end.url()).then(|| {
            LogoutRequest::from(end)
                .set_client_id(self.client_id.clone())
                .set_post_logout_redirect_uri(self.after.clone())
                .http_get_url()
                .into()
        })
    }

    fn vouched(&self, claims: &CoreIdTokenClaims) -> Vouched {
        let SecondFactorBy { amr, acr } = &self.second_factor;
        let methods = claims.auth_method_refs().into_iter().flatten();
        let by_method = methods.into_iter().any(|method| amr.contains(method));
        let by_class = claims.auth_context_ref().is_some_and(|class| acr.contains(class));
        let name = claims.preferred_username().map(|name| name.as_str().to_owned());
        Vouched {
            identity: Identity {
                issuer: self.issuer.as_str().to_owned(),
                subject: claims.subject().as_str().to_owned(),
            },
            name: name.or_else(|| claims.email().map(|email| email.as_str().to_owned())),
            second_factor: by_method || by_class,
        }
    }

    fn client(&self, said: &Said) -> Client {
        let secret = Some(self.secret.clone());
        CoreClient::from_provider_metadata(said.metadata.clone(), self.client_id.clone(), secret)
            .set_redirect_uri(self.back.clone())
    }

    /// What the service says of itself, not older than this. Nobody waits for another's asking: a
    /// service that hangs must not queue people up.
    async fn said(&self, now: Timestamp, age: SignedDuration) -> Result<Arc<Said>, Refusal> {
        let known = self.said.lock().await.clone();
        if let Some(said) = known.filter(|said| said.at.duration_until(now) < age) {
            return Ok(said);
        }
        let found = ProviderMetadataWithLogout::discover_async(self.issuer.clone(), &self.http);
        let metadata = found.await.map_err(not_found)?;
        let there: &Url = metadata.authorization_endpoint().url();
        if !may_be_asked(there) {
            return Err(Refusal::Metadata(format!("people would be sent to {there}")));
        }
        let said = Arc::new(Said { at: now, metadata });
        *self.said.lock().await = Some(Arc::clone(&said));
        Ok(said)
    }
}

fn verifier(client: &Client, now: Timestamp) -> CoreIdTokenVerifier<'_> {
    let now = chrono::DateTime::from_timestamp(now.as_second(), 0).unwrap_or_default();
    client.id_token_verifier().set_allowed_algs(ALGORITHMS).set_time_fn(move || now)
}

/// An error with its causes, for the log.
fn chain(error: &dyn std::error::Error) -> String {
    crate::error::chain(error)
}

fn not_found(error: DiscoveryError<HttpError>) -> Refusal {
    match error {
        DiscoveryError::Request(HttpError::Address(address)) => {
            Refusal::Metadata(format!("{address} is neither https nor on this machine"))
        }
        DiscoveryError::Request(cause) => Refusal::Down(chain(&cause)),
        DiscoveryError::Response(status, ..) if status.is_server_error() => {
            Refusal::Down(format!("its metadata: status {status}"))
        }
        other => Refusal::Metadata(chain(&other)),
    }
}

fn not_exchanged(
    error: RequestTokenError<
        HttpError,
        openidconnect::StandardErrorResponse<CoreErrorResponseType>,
    >,
) -> Refusal {
    match error {
        RequestTokenError::Request(cause) => Refusal::Down(chain(&cause)),
        RequestTokenError::ServerResponse(said) => Refusal::Code(said.to_string()),
        other => Refusal::Code(chain(&other)),
    }
}
