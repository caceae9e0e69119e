//! The closed list of what is recorded (AUD-08), each with its stable name, its word in OWASP's logging vocabulary
//! (AUD-09), its severity and what it says to people.
//!
//! What this must never do: rename or reuse a name. Old logs keep theirs.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How the decision went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Done as asked.
    Ok,
    /// Not done.
    Refused,
    /// Somebody should look: a sign of an attack or of a broken host.
    Alert,
}

/// How loud a record is in the log stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Ordinary work.
    Info,
    /// A change worth knowing: factors, users, keys.
    Notice,
    /// A refusal or a danger.
    Warning,
    /// An attack that got far, or a host that cannot be trusted.
    Critical,
}

macro_rules! events {
    ($($variant:ident = $name:literal, $owasp:literal, $outcome:ident, $severity:ident, $says:literal;)*) => {
        /// What is recorded. Its text form is the stable name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Event {
            $(#[doc = concat!("`", $name, "`: ", $says)] #[serde(rename = $name)] $variant,)*
        }

        impl Event {
            /// Every event, in the order of the list: the log inventory (AUD-08).
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The event's word in OWASP's logging vocabulary; `other` where it has none.
            #[must_use]
            pub const fn owasp(self) -> &'static str {
                match self { $(Self::$variant => $owasp,)* }
            }

            /// The outcome that the event itself says.
            #[must_use]
            pub const fn outcome(self) -> Outcome {
                match self { $(Self::$variant => Outcome::$outcome,)* }
            }

            /// How loud it is.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }

            /// One plain sentence.
            #[must_use]
            pub const fn says(self) -> &'static str {
                match self { $(Self::$variant => $says,)* }
            }
        }
    };
}

events! {
    LoginFirstOk = "login.first.ok", "authn_login_success", Ok, Info, "A first factor was proved.";
    LoginFirstRefused = "login.first.refused", "authn_login_fail", Refused, Warning, "A first factor was not proved.";
    LoginSecondOk = "login.second.ok", "authn_login_success", Ok, Info, "A second factor was proved.";
    LoginSecondRefused = "login.second.refused", "authn_login_fail", Refused, Warning, "A second factor was not proved.";
    LoginCompleted = "login.completed", "authn_login_success", Ok, Info, "A login was completed with two factors.";
    LoginRefused = "login.refused", "authn_login_fail", Refused, Warning, "Policy refused a login.";
    LoginDelayed = "login.delayed", "excess_rate_limit_exceeded", Refused, Warning, "An attempt came too soon and was not checked.";
    LoginBlocked = "login.blocked", "authn_login_lock", Refused, Warning, "The guard refused an attempt unchecked.";
    LoginShed = "login.shed", "excess_rate_limit_exceeded", Refused, Warning, "The server was too busy to check an attempt.";
    InviteMade = "invite.made", "authz_admin", Ok, Notice, "An invite was made.";
    InviteAccepted = "invite.accepted", "user_created", Ok, Notice, "An invite was accepted and the account exists.";
    InviteRefused = "invite.refused", "authn_login_fail", Refused, Warning, "An invite or ticket was refused.";
    InviteWithdrawn = "invite.withdrawn", "authz_admin", Ok, Notice, "An invite was withdrawn.";
    TicketMade = "ticket.made", "authz_admin", Ok, Notice, "An administrator made an enrolment ticket.";
    FactorEnrolled = "factor.enrolled", "user_updated", Ok, Notice, "A factor was enrolled.";
    FactorRemoved = "factor.removed", "user_updated", Ok, Notice, "A factor was removed.";
    FactorRenamed = "factor.renamed", "user_updated", Ok, Info, "A factor was given another name.";
    FactorReleased = "factor.released", "user_updated", Ok, Notice, "An older factor was proved, which ended the probation of a newer one early.";
    FactorCopied = "factor.copied", "authn_token_reuse", Alert, Critical, "A passkey's counter went back: there may be a copy of it.";
    FactorReset = "factor.reset", "authz_admin", Ok, Warning, "An administrator reset a user's factors.";
    FactorDisplaced = "factor.displaced", "user_updated", Ok, Notice, "A factor's clock offset was set anew.";
    FactorBurnt = "factor.burnt", "authn_login_lock", Alert, Critical, "A factor used up both budgets and must be enrolled anew.";
    RecoveryUsed = "recovery.used", "authn_login_success", Ok, Warning, "A recovery code was used.";
    RecoveryCodesMade = "recovery.codes_made", "user_updated", Ok, Notice, "New recovery codes were made; the old ones are void.";
    RecoveryCancelled = "recovery.cancelled", "user_updated", Alert, Critical, "An owner cancelled a recovery in progress.";
    SessionOpened = "session.opened", "session_created", Ok, Info, "A session was opened.";
    SessionEnded = "session.ended", "session_expired", Ok, Info, "A session ended.";
    TokenMinted = "token.minted", "authn_token_created", Ok, Info, "A token was made for another audience.";
    TokenRevoked = "token.revoked", "authn_token_revoked", Ok, Info, "A token was revoked.";
    ConsentGiven = "consent.given", "user_updated", Ok, Notice, "A user allowed a client.";
    ConsentRefused = "consent.refused", "authz_fail", Refused, Warning, "A user did not allow a client.";
    ConsentRevoked = "consent.revoked", "user_updated", Ok, Notice, "A user took back what a client was allowed; its tokens ended.";
    CodeIssued = "code.issued", "authn_token_created", Ok, Info, "An authorization code was made.";
    CodeRedeemed = "code.redeemed", "authn_token_created", Ok, Info, "An authorization code was exchanged for tokens.";
    CodeRefused = "code.refused", "authn_token_reuse", Refused, Warning, "An authorization code was refused.";
    CodeReused = "code.reused", "authn_token_reuse", Alert, Critical, "An authorization code was shown twice; its tokens ended.";
    RefreshRotated = "refresh.rotated", "session_renewed", Ok, Info, "A refresh token was exchanged.";
    RefreshRetried = "refresh.retried", "session_renewed", Ok, Notice, "A refresh was repeated and got the same answer again.";
    RefreshTheft = "refresh.theft", "authn_token_reuse", Alert, Critical, "A used refresh token was shown again; the session ended.";
    RefreshRefused = "refresh.refused", "session_use_after_expire", Refused, Warning, "A refresh token was refused.";
    LogoutTold = "logout.told", "session_expired", Ok, Info, "A client was told that a session has ended.";
    LogoutUntold = "logout.untold", "session_expired", Refused, Warning, "A client could not be told that a session has ended.";
    ClientRefused = "client.refused", "authn_login_fail", Refused, Warning, "A client did not prove that it is itself.";
    StepUpStarted = "stepup.started", "authn_login_success", Ok, Info, "A step-up was started.";
    StepUpCompleted = "stepup.completed", "authn_login_success", Ok, Info, "A step-up was completed.";
    StepUpRefused = "stepup.refused", "authn_login_fail", Refused, Warning, "A step-up was refused.";
    AccessRefused = "access.refused", "authz_fail", Refused, Warning, "A caller lacked the right to what it asked.";
    PasswordChanged = "password.changed", "authn_password_change", Ok, Notice, "A password was changed.";
    PasswordRefused = "password.refused", "authn_password_change_fail", Refused, Warning, "A new password was refused.";
    UserChanged = "user.changed", "user_updated", Ok, Notice, "A user's details or groups were changed.";
    UserDisabled = "user.disabled", "user_archived", Ok, Notice, "A user was disabled; all sessions ended.";
    UserEnabled = "user.enabled", "user_updated", Ok, Notice, "A user was enabled.";
    UserUnlocked = "user.unlocked", "user_updated", Ok, Notice, "A user's budgets were refilled by an administrator.";
    UserDeleted = "user.deleted", "user_deleted", Ok, Notice, "A user was deleted; names and addresses in the log can no longer be read.";
    DeviceAdded = "device.added", "user_updated", Ok, Info, "A device became known to an account.";
    DeviceRevoked = "device.revoked", "user_updated", Ok, Notice, "A known device was made a stranger.";
    KeyMade = "key.made", "sensitive_create", Ok, Notice, "A signing key was made.";
    KeyPromoted = "key.promoted", "sensitive_update", Ok, Notice, "A signing key became the current one.";
    KeyRetired = "key.retired", "sensitive_delete", Ok, Notice, "A signing key was retired and its private part destroyed.";
    KeyRevoked = "key.revoked", "sensitive_delete", Alert, Critical, "A signing key was revoked in an emergency.";
    MasterRotated = "master.rotated", "sensitive_update", Ok, Notice, "The data keys were wrapped under a new master key.";
    ClientChanged = "client.changed", "authz_change", Ok, Notice, "A client's registration was changed.";
    AdminChanged = "admin.changed", "privilege_permissions_changed", Ok, Warning, "An administrator's rights were given or taken.";
    AuditPruned = "audit.pruned", "sensitive_delete", Ok, Warning, "Records before a checkpoint were removed.";
    AuditDamaged = "audit.damaged", "sys_monitor_disabled", Alert, Critical, "The audit log does not hold.";
    BackupMade = "backup.made", "sensitive_read", Ok, Notice, "The store was copied.";
    BackupFailed = "backup.failed", "sensitive_read", Refused, Warning, "A copy of the store was asked for and not made.";
    StoreRestored = "store.restored", "sensitive_update", Ok, Warning, "The store was restored from a copy; all sessions ended.";
    StoreMoved = "store.moved", "sensitive_update", Ok, Warning, "The store was moved to another place; sessions go on.";
    ClockJumped = "clock.jumped", "other", Alert, Critical, "The wall clock jumped; nothing is issued until it agrees again.";
    AttackSeen = "attack.seen", "malicious_attack_tool", Alert, Critical, "A detector saw the pattern of an attack.";
    ServerStarted = "server.started", "sys_startup", Ok, Notice, "A server started.";
    ServerStopped = "server.stopped", "sys_shutdown", Ok, Notice, "A server stopped.";
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
