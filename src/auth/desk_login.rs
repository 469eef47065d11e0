//! Staff: password to session, session to principal.

use std::net::IpAddr;

use crest_actors::ids::{AgentId, AgentKey, GroupId, Millis, TenantId};

use super::entrance::Auth;
use super::principal::StaffPrincipal;
use super::refusal::{AuthError, AuthRefusal};
use super::secret;
use crate::desk::{Digest, StaffMember, StaffSession};

/// Name and password, as they were typed.
#[derive(Clone)]
pub struct LoginRequest {
    pub tenant: TenantId,
    pub agent: AgentId,
    pub password: String,
}

/// A session as it is handed out. `token` is the secret.
#[derive(Clone, Debug)]
pub struct Login {
    pub token: String,
    pub expires_at: Millis,
    pub member: StaffMember,
}

impl Auth {
    /// Opens a session. Unknown names cost and say the same as wrong passwords.
    pub async fn log_in(
        &self,
        request: LoginRequest,
        address: IpAddr,
        now: Millis,
    ) -> Result<Login, AuthError> {
        let account = AgentKey {
            tenant: request.tenant,
            agent: request.agent,
        };
        let address = network(address);
        self.addresses.attempt(&address, now).map_err(wait)?;
        if let Err(refused) = self.accounts.attempt(&account, now) {
            self.addresses.refund(&address, now);
            return Err(wait(refused));
        }
        let found = self
            .desk
            .credentials(account.tenant.clone(), account.agent.clone())
            .await;
        let checked = match found {
            Ok(found) => {
                let hash = found.as_ref().map(|found| found.hash.clone());
                let verified = self.passwords.verify(hash, request.password).await;
                verified
                    .map(|right| found.filter(|_| right))
                    .map_err(AuthError::from)
            }
            Err(error) => Err(AuthError::from(error)),
        };
        let credentials = match checked {
            Ok(Some(credentials)) => credentials,
            Ok(None) => return Err(AuthRefusal::Credentials.into()),
            Err(broken) => {
                // Nobody guessed: a busy node or a broken store is not the account's fault.
                self.addresses.refund(&address, now);
                self.accounts.refund(&account, now);
                return Err(broken);
            }
        };
        self.accounts.clear(&account);
        self.addresses.refund(&address, now);
        self.open_session(account, credentials.member, now).await
    }

    async fn open_session(
        &self,
        account: AgentKey,
        member: StaffMember,
        now: Millis,
    ) -> Result<Login, AuthError> {
        let token = secret::mint("cs_");
        let expires_at = now.plus(u64::from(self.session_hours) * 60 * 60_000);
        let session = StaffSession {
            digest: secret::digest(&token),
            tenant: account.tenant,
            agent: account.agent,
            expires_at,
        };
        self.desk.open_session(session, now).await?;
        Ok(Login {
            token,
            expires_at,
            member,
        })
    }

    /// Who holds this session, as the desk has them now: a changed role counts at once.
    pub async fn staff(&self, token: &str, now: Millis) -> Result<StaffPrincipal, AuthError> {
        self.standing(secret::digest(token), now).await
    }

    /// As [`Auth::staff`], for a connection that was let in before: is its session still good?
    pub async fn standing(&self, digest: Digest, now: Millis) -> Result<StaffPrincipal, AuthError> {
        let found = self.desk.session(digest, now).await?;
        let (session, member) = found.ok_or(AuthRefusal::Session)?;
        Ok(StaffPrincipal {
            key: AgentKey {
                tenant: session.tenant,
                agent: session.agent,
            },
            name: member.name,
            role: member.role.into(),
            groups: member.groups.iter().map(GroupId::new).collect(),
            session: digest,
            session_expires_at: session.expires_at,
        })
    }

    /// Ends the session; again does no harm.
    pub async fn log_out(&self, staff: &StaffPrincipal) -> Result<(), AuthError> {
        Ok(self.desk.close_session(staff.session).await?)
    }

    /// The hash of a new password.
    pub async fn hash_password(&self, password: String) -> Result<String, AuthError> {
        Ok(self.passwords.hash(password).await?)
    }

    /// Replaces one's own password, given the old one; ends every session, this one too.
    pub async fn change_password(
        &self,
        staff: &StaffPrincipal,
        old: String,
        new: String,
        now: Millis,
    ) -> Result<(), AuthError> {
        let account = &staff.key;
        self.accounts.attempt(account, now).map_err(wait)?;
        let found = self
            .desk
            .credentials(account.tenant.clone(), account.agent.clone())
            .await?;
        let hash = found.map(|found| found.hash);
        if !self.passwords.verify(hash, old).await? {
            return Err(AuthRefusal::Credentials.into());
        }
        self.accounts.clear(account);
        let hash = self.passwords.hash(new).await?;
        let (tenant, agent) = (account.tenant.clone(), account.agent.clone());
        Ok(self.desk.set_password(tenant, agent, hash).await?)
    }
}

fn wait(wait: super::Wait) -> AuthError {
    AuthRefusal::Backoff {
        retry_after_ms: wait.ms,
    }
    .into()
}

/// An IPv6 host owns its whole /64, so that is what counts as one address.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
    }
}
