use crest_actors::ids::{Millis, TenantId};
use jsonwebtoken::{Algorithm as JwtAlgorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::auth::{CustomerClaims, TokenRefusal, limits, verify};
use crate::desk::seed::{KEY_ID, SIGNING_SECRET};
use crate::desk::{Algorithm, SigningKey};

pub(super) const NOW_S: u64 = 1_800_000_000;
pub(super) const NOW: Millis = Millis(NOW_S * 1_000);
/// PKCS#8 of an Ed25519 key made for this test, and its public half.
const ED_PRIVATE: [u8; 48] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
    0x20, 0x9e, 0x20, 0xf6, 0xfb, 0xa1, 0x5d, 0x45, 0x6b, 0x7b, 0xdf, 0xce, 0x1a, 0x8c, 0x95, 0xd5,
    0xae, 0x68, 0xc5, 0xa2, 0x56, 0x53, 0x83, 0xe5, 0xb1, 0x7f, 0xab, 0x52, 0xd3, 0xa3, 0xe3, 0x90,
];
const ED_PUBLIC: &str = "6cGQJruzc67te2snSHGDVXN_Gtqzzdtr11EbZXquzZo";

pub(super) fn demo() -> TenantId {
    TenantId::new("demo")
}

fn keys() -> Vec<SigningKey> {
    vec![
        SigningKey {
            kid: KEY_ID.to_owned(),
            algorithm: Algorithm::HS256,
            key: SIGNING_SECRET.to_owned(),
        },
        SigningKey {
            kid: "ed".to_owned(),
            algorithm: Algorithm::EdDSA,
            key: ED_PUBLIC.to_owned(),
        },
    ]
}

pub(super) fn claims() -> Value {
    json!({"aud": "demo", "sub": "c1", "iat": NOW_S, "exp": NOW_S + 300})
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

pub(super) fn sign(claims: &Value) -> String {
    sign_as(JwtAlgorithm::HS256, Some(KEY_ID), claims, SIGNING_SECRET)
}

fn sign_as(algorithm: JwtAlgorithm, kid: Option<&str>, claims: &Value, secret: &str) -> String {
    let mut header = Header::new(algorithm);
    header.kid = kid.map(str::to_owned);
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&header, claims, &key).unwrap()
}

fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut word = [0_u8; 3];
        word[..chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes([0, word[0], word[1], word[2]]);
        for place in 0..=chunk.len() {
            text.push(char::from(DIGITS[(bits >> (18 - 6 * place)) as usize & 63]));
        }
    }
    text
}

/// A token with any header, and a signature of one's choice.
fn raw(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| base64url(value.to_string().as_bytes());
    format!("{}.{}.{signature}", part(header), part(claims))
}

#[test]
fn a_shops_token_says_who_the_customer_is() {
    let mut full = claims();
    full["tier"] = json!(2);
    full["name"] = json!("小明");
    full["attrs"] = json!({"orders": 3, "city": "上海", "new": true});
    full["channel"] = json!("wechat");
    let wanted = CustomerClaims {
        customer: "c1".to_owned(),
        tier: 2,
        name: Some("小明".to_owned()),
        attributes: [("city", "上海"), ("new", "true"), ("orders", "3")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        channel: Some("wechat".to_owned()),
    };
    assert_eq!(verify(&sign(&full), &demo(), &keys(), NOW), Ok(wanted));
}

#[test]
fn an_eddsa_key_verifies_only_eddsa() {
    let mut header = Header::new(JwtAlgorithm::EdDSA);
    header.kid = Some("ed".to_owned());
    let key = EncodingKey::from_ed_der(&ED_PRIVATE);
    let token = jsonwebtoken::encode(&header, &claims(), &key).unwrap();
    assert_eq!(
        verify(&token, &demo(), &keys(), NOW).unwrap().customer,
        "c1"
    );
    // The public key is public: whoever signs HS256 with it must get nowhere.
    let forged = sign_as(JwtAlgorithm::HS256, Some("ed"), &claims(), ED_PUBLIC);
    assert_eq!(
        verify(&forged, &demo(), &keys(), NOW),
        Err(TokenRefusal::WrongAlgorithm)
    );
}

#[test]
fn attacks_on_tokens_are_refused_each_for_its_reason() {
    let genuine = sign(&claims());
    let (signed, signature) = genuine.rsplit_once('.').unwrap();
    let none = |alg: &str| raw(&json!({"alg": alg, "kid": KEY_ID}), &claims(), "");
    let other_claims = raw(
        &json!({"alg": "HS256", "kid": KEY_ID}),
        &with("sub", json!("victim")),
        signature,
    );
    let critical = raw(
        &json!({"alg": "HS256", "kid": KEY_ID, "crit": ["exp"]}),
        &claims(),
        signature,
    );
    let long_name = "n".repeat(129);
    use TokenRefusal as T;
    let cases = [
        ("alg none", none("none"), T::Malformed),
        ("alg None", none("None"), T::Malformed),
        (
            "another HMAC",
            sign_as(JwtAlgorithm::HS512, Some(KEY_ID), &claims(), SIGNING_SECRET),
            T::WrongAlgorithm,
        ),
        (
            "another secret",
            sign_as(JwtAlgorithm::HS256, Some(KEY_ID), &claims(), "guess"),
            T::BadSignature,
        ),
        ("no signature", format!("{signed}."), T::BadSignature),
        ("another's claims", other_claims, T::BadSignature),
        ("an extension", critical, T::Bad("crit")),
        (
            "an unknown kid",
            sign_as(JwtAlgorithm::HS256, Some("x"), &claims(), SIGNING_SECRET),
            T::UnknownKey,
        ),
        (
            "no kid of two",
            sign_as(JwtAlgorithm::HS256, None, &claims(), SIGNING_SECRET),
            T::UnknownKey,
        ),
        ("two parts", "a.b".to_owned(), T::Malformed),
        ("no token", String::new(), T::Malformed),
        (
            "too long",
            "a".repeat(limits::TOKEN_MAX_BYTES + 1),
            T::TooLong,
        ),
        (
            "wrong aud",
            sign(&with("aud", json!("other"))),
            T::WrongAudience,
        ),
        ("no aud", sign(&without("aud")), T::Missing("aud")),
        ("no exp", sign(&without("exp")), T::Missing("exp")),
        ("no iat", sign(&without("iat")), T::Missing("iat")),
        ("no sub", sign(&without("sub")), T::Missing("sub")),
        ("empty sub", sign(&with("sub", json!(""))), T::Bad("sub")),
        (
            "a visitor's sub",
            sign(&with("sub", json!("visitor:1"))),
            T::Bad("sub"),
        ),
        (
            "a long sub",
            sign(&with("sub", json!(long_name))),
            T::Bad("sub"),
        ),
        (
            "a high tier",
            sign(&with("tier", json!(10))),
            T::Bad("tier"),
        ),
        ("a text tier", sign(&with("tier", json!("2"))), T::Malformed),
        (
            "nested attrs",
            sign(&with("attrs", json!({"a": {}}))),
            T::Bad("attrs"),
        ),
        (
            "expired",
            sign(&json!({"aud": "demo", "sub": "c1", "iat": NOW_S - 200, "exp": NOW_S - 30})),
            T::Expired,
        ),
        (
            "from the future",
            sign(&json!({"aud": "demo", "sub": "c1", "iat": NOW_S + 31, "exp": NOW_S + 60})),
            T::NotYetValid,
        ),
        (
            "nbf ahead",
            sign(&with("nbf", json!(NOW_S + 31))),
            T::NotYetValid,
        ),
        (
            "lives too long",
            sign(&with("exp", json!(NOW_S + 601))),
            T::LivesTooLong,
        ),
        (
            "ends before it began",
            sign(&with("exp", json!(NOW_S))),
            T::Bad("exp"),
        ),
        (
            "ends at the end of time",
            sign(&with("exp", json!(u64::MAX))),
            T::LivesTooLong,
        ),
    ];
    for (attack, token, wanted) in cases {
        assert_eq!(
            verify(&token, &demo(), &keys(), NOW),
            Err(wanted),
            "{attack}"
        );
    }
}

#[test]
fn clocks_may_differ_by_half_a_minute() {
    let late = json!({"aud": "demo", "sub": "c1", "iat": NOW_S - 300, "exp": NOW_S - 29});
    let early = json!({"aud": "demo", "sub": "c1", "iat": NOW_S + 30, "exp": NOW_S + 630});
    for token in [sign(&late), sign(&early)] {
        assert!(verify(&token, &demo(), &keys(), NOW).is_ok());
    }
}
