//! Getting in: who to be, a log-in for staff, a ticket for each connection.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::args::{Side, TalkArgs};
use super::failure::TalkError;
use super::post::Address;
use crate::desk::StaffRole;
use crate::desk::seed::{self, DemoAccount};

/// Seconds a signed customer token lives; it is used at once.
const TOKEN_LIFE_S: u64 = 300;

/// Whom the tickets are for.
pub(super) enum Entrance {
    Customer {
        tenant: String,
        channel: String,
        /// Signed with the demo shop's key.
        named: Option<(String, u8)>,
        /// Shown again, so that a visitor stays the same.
        visitor: Option<String>,
    },
    Staff {
        tenant: String,
        user: String,
        password: String,
        session: Option<String>,
    },
}

impl Entrance {
    /// Who the arguments name, with what a person should know about it.
    pub fn new(
        args: &TalkArgs,
        password: Option<String>,
    ) -> Result<(Self, Vec<String>), TalkError> {
        let tenant = args.tenant.clone();
        let demo = tenant == seed::TENANT;
        if args.side == Side::Customer {
            let mut notes = Vec::new();
            if args.name.is_some() && !demo {
                notes.push(
                    "Only the demo shop's key is known here: you come as an unknown visitor."
                        .to_owned(),
                );
            }
            let named = args.name.clone().filter(|_| demo);
            let customer = Entrance::Customer {
                tenant,
                channel: args.channel.clone(),
                named: named.map(|name| (name, args.tier)),
                visitor: None,
            };
            return Ok((customer, notes));
        }
        let account = demo.then(|| demo_account(args)).flatten();
        let user = match (&args.user, account) {
            (Some(user), _) => user.clone(),
            (None, Some(account)) => account.login.to_owned(),
            (None, None) => return Err(TalkError::NoUser { tenant }),
        };
        let demo_password = account.map(|it| it.password.to_owned());
        let mut notes = Vec::new();
        if args.user.is_none() {
            notes.push(format!("No --user: logging in as the demo account {user}."));
        }
        let given = args.password.clone().or(password).or(demo_password);
        let password = given.ok_or_else(|| TalkError::NoPassword { user: user.clone() })?;
        let staff = Entrance::Staff {
            tenant,
            user,
            password,
            session: None,
        };
        Ok((staff, notes))
    }

    /// A ticket for the next connection; staff log in when they have no session, or it is over.
    pub async fn ticket(&mut self, address: &Address, now_s: u64) -> Result<String, TalkError> {
        match self {
            Entrance::Customer {
                tenant,
                channel,
                named,
                visitor,
            } => {
                let mut body = json!({ "tenant": tenant, "channel": channel });
                if let Some((name, tier)) = named {
                    body["token"] = sign(tenant, name, *tier, now_s)?.into();
                } else if let Some(visitor) = visitor {
                    body["visitor"] = visitor.as_str().into();
                }
                let answer = address.post("/v1/tickets", None, &body).await?;
                if let Some(same) = answer["visitor"].as_str() {
                    *visitor = Some(same.to_owned());
                }
                text(&answer, "ticket", address)
            }
            Entrance::Staff {
                tenant,
                user,
                password,
                session,
            } => {
                if let Some(bearer) = session.as_deref() {
                    let answer = address.post("/v1/tickets", Some(bearer), &json!({})).await;
                    match answer {
                        Ok(answer) => return text(&answer, "ticket", address),
                        Err(TalkError::Refused { status: 401, .. }) => *session = None,
                        Err(error) => return Err(error),
                    }
                }
                let body = json!({ "tenant": tenant, "login": user, "password": password });
                let login = address.post("/v1/login", None, &body).await?;
                let bearer = text(&login, "token", address)?;
                let answer = address
                    .post("/v1/tickets", Some(&bearer), &json!({}))
                    .await?;
                *session = Some(bearer);
                text(&answer, "ticket", address)
            }
        }
    }
}

fn demo_account(args: &TalkArgs) -> Option<&'static DemoAccount> {
    let role = match args.side {
        Side::Supervisor => StaffRole::Supervisor,
        Side::Agent | Side::Customer => StaffRole::Agent,
    };
    let wanted = |it: &&DemoAccount| match &args.user {
        Some(user) => it.login == user,
        None => it.role == role,
    };
    seed::ACCOUNTS.iter().find(wanted)
}

/// The demo shop's word for its customer; the same name is the same customer.
fn sign(tenant: &str, name: &str, tier: u8, now_s: u64) -> Result<String, TalkError> {
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some(seed::KEY_ID.to_owned());
    let claims = json!({
        "aud": tenant,
        "sub": name,
        "name": name,
        "tier": tier,
        "iat": now_s,
        "exp": now_s + TOKEN_LIFE_S,
    });
    let key = EncodingKey::from_secret(seed::SIGNING_SECRET.as_bytes());
    Ok(jsonwebtoken::encode(&header, &claims, &key)?)
}

fn text(answer: &Value, name: &str, address: &Address) -> Result<String, TalkError> {
    let found = answer[name].as_str().map(str::to_owned);
    found.ok_or_else(|| TalkError::Http {
        address: address.authority.clone(),
        why: format!("the answer has no `{name}`"),
    })
}
