//! Customer tokens signed by the shop (JWT, RFC 7519; best practice of RFC 8725).

use std::collections::BTreeMap;

use crest_actors::ids::{Millis, TenantId};
use crest_actors::limits::{ATTRIBUTES_MAX, FIELD_MAX_BYTES, NAME_MAX_BYTES};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm as JwtAlgorithm, DecodingKey, Validation};
use serde::Deserialize;

use super::limits::{CLOCK_SKEW_S, TIER_MAX, TOKEN_LIFE_S, TOKEN_MAX_BYTES};
use super::visitor;
use crate::desk::{Algorithm, SigningKey};

/// What a shop says of its customer. Everything here is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerClaims {
    pub customer: String,
    /// 0 where the token says nothing.
    pub tier: u8,
    pub name: Option<String>,
    /// Sorted by name.
    pub attributes: Vec<(String, String)>,
    pub channel: Option<String>,
}

/// Why a token proves nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenRefusal {
    Malformed,
    TooLong,
    /// No key of the tenant has this `kid`, or there is none and the tenant has not exactly one key.
    UnknownKey,
    /// Not the algorithm the key is pinned to.
    WrongAlgorithm,
    BadSignature,
    WrongAudience,
    Expired,
    NotYetValid,
    /// More than 10 minutes from `iat` to `exp`.
    LivesTooLong,
    Missing(&'static str),
    Bad(&'static str),
}

#[derive(Deserialize)]
struct Claims {
    sub: Option<String>,
    exp: Option<u64>,
    iat: Option<u64>,
    nbf: Option<u64>,
    tier: Option<u8>,
    name: Option<String>,
    attrs: Option<BTreeMap<String, serde_json::Value>>,
    channel: Option<String>,
}

/// Verifies a token of a tenant against its keys. The algorithm is the key's, never the token's.
pub fn verify(
    token: &str,
    tenant: &TenantId,
    keys: &[SigningKey],
    now: Millis,
) -> Result<CustomerClaims, TokenRefusal> {
    if token.len() > TOKEN_MAX_BYTES {
        return Err(TokenRefusal::TooLong);
    }
    let header = jsonwebtoken::decode_header(token).map_err(refusal)?;
    if header.crit.is_some() {
        // RFC 7515 §4.1.11: an extension one must understand and does not.
        return Err(TokenRefusal::Bad("crit"));
    }
    let key = match (&header.kid, keys) {
        (Some(kid), keys) => keys.iter().find(|key| key.kid == *kid),
        (None, [only]) => Some(only),
        (None, _) => None,
    }
    .ok_or(TokenRefusal::UnknownKey)?;
    let pinned = match key.algorithm {
        Algorithm::EdDSA => JwtAlgorithm::EdDSA,
        Algorithm::HS256 => JwtAlgorithm::HS256,
    };
    if header.alg != pinned {
        return Err(TokenRefusal::WrongAlgorithm);
    }
    let decoding = match key.algorithm {
        Algorithm::EdDSA => {
            DecodingKey::from_ed_components(&key.key).map_err(|_| TokenRefusal::UnknownKey)?
        }
        Algorithm::HS256 => DecodingKey::from_secret(key.key.as_bytes()),
    };
    let mut validation = Validation::new(pinned);
    validation.set_audience(&[tenant.as_str()]);
    validation.set_required_spec_claims(&["aud", "exp", "sub"]);
    // Times are checked below against the time that was passed in.
    validation.validate_exp = false;
    let claims = jsonwebtoken::decode::<Claims>(token, &decoding, &validation)
        .map_err(refusal)?
        .claims;
    check_times(&claims, now.0 / 1_000)?;
    identity(claims)
}

fn check_times(claims: &Claims, now_s: u64) -> Result<(), TokenRefusal> {
    let exp = claims.exp.ok_or(TokenRefusal::Missing("exp"))?;
    let iat = claims.iat.ok_or(TokenRefusal::Missing("iat"))?;
    if exp.saturating_add(CLOCK_SKEW_S) <= now_s {
        return Err(TokenRefusal::Expired);
    }
    let from = iat.max(claims.nbf.unwrap_or(0));
    if from > now_s + CLOCK_SKEW_S {
        return Err(TokenRefusal::NotYetValid);
    }
    match exp.checked_sub(iat) {
        None | Some(0) => Err(TokenRefusal::Bad("exp")),
        Some(life) if life > TOKEN_LIFE_S => Err(TokenRefusal::LivesTooLong),
        Some(_) => Ok(()),
    }
}

fn identity(claims: Claims) -> Result<CustomerClaims, TokenRefusal> {
    let customer = claims.sub.ok_or(TokenRefusal::Missing("sub"))?;
    if !is_name(&customer) || customer.starts_with(visitor::PREFIX) {
        return Err(TokenRefusal::Bad("sub"));
    }
    let tier = claims.tier.unwrap_or(0);
    if tier > TIER_MAX {
        return Err(TokenRefusal::Bad("tier"));
    }
    if claims.name.as_deref().is_some_and(|name| !is_name(name)) {
        return Err(TokenRefusal::Bad("name"));
    }
    if claims
        .channel
        .as_deref()
        .is_some_and(|channel| !is_name(channel))
    {
        return Err(TokenRefusal::Bad("channel"));
    }
    let attrs = claims.attrs.unwrap_or_default();
    if attrs.len() > ATTRIBUTES_MAX {
        return Err(TokenRefusal::Bad("attrs"));
    }
    let attributes = attrs
        .into_iter()
        .map(|(name, value)| attribute(name, value).ok_or(TokenRefusal::Bad("attrs")))
        .collect::<Result<_, _>>()?;
    Ok(CustomerClaims {
        customer,
        tier,
        name: claims.name,
        attributes,
        channel: claims.channel,
    })
}

fn attribute(name: String, value: serde_json::Value) -> Option<(String, String)> {
    let text = match value {
        serde_json::Value::String(text) => text,
        serde_json::Value::Number(number) => number.to_string(),
        serde_json::Value::Bool(truth) => truth.to_string(),
        serde_json::Value::Null | serde_json::Value::Array(_) | serde_json::Value::Object(_) => {
            return None;
        }
    };
    (is_name(&name) && text.len() <= FIELD_MAX_BYTES).then_some((name, text))
}

fn is_name(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= NAME_MAX_BYTES && !text.chars().any(char::is_control)
}

fn refusal(error: jsonwebtoken::errors::Error) -> TokenRefusal {
    match error.kind() {
        ErrorKind::InvalidSignature => TokenRefusal::BadSignature,
        ErrorKind::InvalidAudience => TokenRefusal::WrongAudience,
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => {
            TokenRefusal::WrongAlgorithm
        }
        ErrorKind::MissingRequiredClaim(claim) => TokenRefusal::Missing(match claim.as_str() {
            "aud" => "aud",
            "exp" => "exp",
            _ => "sub",
        }),
        // Of a library that may grow kinds: whatever else it finds, the token is not one of ours.
        _ => TokenRefusal::Malformed,
    }
}
