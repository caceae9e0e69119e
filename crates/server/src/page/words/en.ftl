### The texts of the pages in English. Keys are those of every other language, no more and no fewer: a test says so.

## Moments

month-1 = Jan
month-2 = Feb
month-3 = Mar
month-4 = Apr
month-5 = May
month-6 = Jun
month-7 = Jul
month-8 = Aug
month-9 = Sep
month-10 = Oct
month-11 = Nov
month-12 = Dec
span-seconds = { $count ->
    [one] one second
   *[other] { $count } seconds
}
span-minutes = { $count ->
    [one] one minute
   *[other] { $count } minutes
}
span-hours = { $count ->
    [one] one hour
   *[other] { $count } hours
}
span-days = { $count ->
    [one] one day
   *[other] { $count } days
}

## Everywhere

continue = Continue
confirm = Confirm
cancel = Cancel
or = or
reference = Reference
title-error = Error: { $title }
gate-one = Password
gate-two = Second factor
name = Name
password = Password
peek = Show
new-password = New password
new-password-rule = { $count ->
   *[other] At least { $count } characters. Four or five unrelated words are strong and easy to remember; no digits or signs are required.
}
repeat = New password once more
code = Six-digit code
code-hint = From your authenticator app.
code-title = six digits
recovery-code = Recovery code
recovery-code-hint = One of those you saved. It works once.
label = What to call it
label-hint = So that you recognise it later, for example “My phone”.
kind-passkey = Passkey
kind-security-key = Security key
kind-totp = Authenticator app

## Sign in

sign-in = Sign in
sign-in-client = { $client } asks you to sign in.
use-invite = I have an invite
passkey-sign-in = Sign in with a passkey
passkey-use = Use passkey or security key
passkey-create = Create passkey
passkey-hint = Confirm on this device, on your phone, or with a security key.
passkey-script = Passkeys need JavaScript, which is off here.
passkey-failed = That did not work. Try once more, or choose another way.
passkey-stopped = Nothing was confirmed. Try once more, or choose another way.
passkey-unable = This browser cannot use passkeys here. Choose another way.
second-factor = Confirm it is you
second-factor-name = Signing in as { $name }.
second-factor-change = You are signed in as { $name }.
other-ways = Other ways
way-passkey = Use a passkey or security key
way-totp = Use a code from an authenticator app
way-recovery-code = Use a recovery code
another-name = Sign in with another name
step-up = Enter your password again
step-up-why = Asking again protects your account if you leave the screen unattended.
purpose-change-password = You are about to change your password.
purpose-new-codes = You are about to make new recovery codes.
purpose-add-factor = You are about to add a second factor.
purpose-rename-factor = You are about to give “{ $factor }” another name.
purpose-remove-factor = You are about to remove “{ $factor }”.
purpose-authorize = The app that you came from asks for this.
purpose-refresh = It has been a while since you last confirmed.

## Invite

accept-invite = Accept your invite
accept-ticket = Set up a new second factor
invite = Invite
invite-hint = The text that begins with pli_, from whoever invited you.
invite-lead = Choose a password; the second factor comes next.
invite-lead-name = Welcome, { $name }. Choose a password; the second factor comes next.
ticket-lead = Confirm your password, { $name }; the second factor comes next.
has-account = Sign in instead

## Second factors

enrol = Add a second factor
enrol-lead-first = The second gate: something that only you have. You can add more later.
enrol-lead = Two are better than one: if you lose one, the other still opens your account.
strongest = Strongest
enrol-passkey-about = Fingerprint, face or PIN of this device or your phone, or a security key. Does not work on fake sites.
enrol-totp-about = An app that shows a new six-digit code every 30 seconds.
enrol-totp = Set up your authenticator app
enrol-totp-scan = Scan this picture with your authenticator app.
enrol-totp-picture = QR code for the authenticator app
enrol-totp-type = No camera? Type it in
enrol-totp-kind = Time-based, six digits, 30 seconds.
enrol-totp-link = Open in an app on this device
enrol-passkey = Create a passkey
enrol-passkey-lead = Your device asks for fingerprint, face or PIN. That never leaves the device.
enrol-other = Choose another kind

## Recovery codes

recovery-codes = Recovery codes
recovery-codes-lead = If you lose your second factor, one of these opens your account. Save them now: they are not shown again.
recovery-codes-hint = Keep them where you would find them without your phone: in a password manager or on paper. Each works once.
copy = Copy
copied = Copied
download = Download
print = Print
saved = I have saved these codes
change-password = Change password
change-password-lead = All other sessions end, and other devices are forgotten.

## Account

account = Your account
account-name = You sign in as { $name }.
account-since = Account since
account-groups = Groups:
factors = Second factors
factors-about = What opens the second gate. Have at least two.
made = Added
last-used = Last used
never = never
held-until = On probation until
change = Change
rename = Rename
rename-factor = Rename a second factor
remove = Remove
last-factor = The last one cannot be removed. Add another first.
add-factor = Add a second factor
recovery-codes-about = For the day when you lose everything else.
codes-left = { $count ->
    [0] No recovery codes are left. Make new ones now.
    [one] One recovery code is left.
   *[other] { $count } recovery codes are left.
}
new-codes = Make new codes
password-about = It is never enough alone: nobody signs in without your second factor.
sessions = Where you are signed in
sessions-about = End what you do not recognise, then change your password.
signed-in-at = Signed in
unknown-device = Browser or app
this-one = This one
end = End
end-others = End all others
devices = Known devices
devices-about = You signed in completely from these. Strangers’ wrong guesses cannot lock you out on them.
known-since = Known since
forget = Forget
grants = Apps
grants-about = What you allowed apps to know and do.
given = Allowed
withdraw = Withdraw
none = None yet.
notice-password-changed = Your password was changed. All other sessions have ended.
notice-factor-added = The second factor was added.
notice-factor-renamed = The name was changed.
notice-factor-removed = The second factor was removed. Sessions that rested on it have ended.
notice-codes-made = You have new recovery codes. The old ones no longer work.
notice-session-ended = The session has ended.
notice-others-ended = All other sessions have ended.
notice-device-forgotten = The device was forgotten.
notice-grant-withdrawn = The app may no longer do this.

## Consent

consent = Allow { $client }?
consent-name = You are signed in as { $name }.
consent-learns = The app would
consent-host = You will be sent to { $host }.
consent-lasts = This lasts { $span }.
consent-stays = This lasts until you withdraw it.
consent-later = You can withdraw it in your account at any time.
allow = Allow
deny = Do not allow
learns-identity = know that it is you
learns-profile = learn your name
learns-email = learn your e-mail address
learns-groups = learn which groups you belong to
learns-offline = keep this access while you are away
learns-api = use { $api } for you
learns-scope = get the right “{ $scope }”

leave = You are signed in
leave-on = Go on

## Sign out

sign-out = Sign out
sign-out-ask = Sign out?
sign-out-name = You are signed in as { $name }.
sign-out-client = { $client } asks for this.
stay = Stay signed in
signed-out = You are signed out
signed-out-lead = On a shared computer, close the browser too.
sign-in-again = Sign in again
back-client = Back to { $client }
back-sign-in = Sign in
back-account = Back to your account

## Beside a field or above a form

error-credentials = Name or password is wrong. Check both.
error-password = The password is wrong.
error-code = This code is wrong or was used. Wait for the next one. If no code ever works, check the clock of your phone.
error-recovery-code = This recovery code is wrong or was used. Take another one.
error-passkey = The passkey was not accepted. Try once more, or choose another way.
error-invite = This invite was used, has expired, or never was. Ask for a new one.
error-name-taken = The name of this invite is taken by now. Ask for an invite with another name.
error-password-short = { $count ->
   *[other] Too short: at least { $count } characters. Take four or five unrelated words.
}
error-password-long = { $count ->
   *[other] Too long: at most { $count } bytes.
}
error-password-common = Among the passwords that are tried first. Take several unrelated words.
error-password-context = Made from something others know about you. Take several unrelated words.
error-differs = The two do not match. Type it once more.
error-empty = Fill this in.
error-not-saved = Save the codes first, then tick this.
error-wait = Too many attempts. Wait { $span } and try again; this attempt was not checked and does not count.
error-busy = Very much is going on here. Wait { $span } and try again; this attempt was not checked and does not count.
error-blocked = Somebody has guessed at this account too often. Sign in on a device you used before, with a passkey, or add a recovery code.
error-rebind = Too many wrong attempts in all. Use another factor or a recovery code, or ask your administrator.
error-stale = This page was open for too long. Please try again.
error-page-wait = Wait { $span }, then try again.
error-page-reference = If you ask for help, give this reference:

## Problems: the last part of the type, and what to do

problem-bad_request = This cannot be read
problem-bad_request-do = Go back and try again.
problem-unusable = A value cannot be used
problem-unusable-do = Go back and choose another value.
problem-content_type = This cannot be read
problem-content_type-do = Go back and try again.
problem-too_large = That is too much
problem-too_large-do = Go back and enter less.
problem-long_target = The address is too long
problem-long_target-do = Start again from the app you came from.
problem-long_headers = Your browser sends too much
problem-long_headers-do = Delete the cookies of this site, then try again.
problem-not_found = There is nothing here
problem-not_found-do = Check the address, or start again.
problem-missing = There is nothing here
problem-missing-do = It may be gone already. Go back and look again.
problem-conflict = Something changed meanwhile
problem-conflict-do = Go back, look again, and decide anew.
problem-method = This cannot be done here
problem-method-do = Start again.
problem-misdirected = This is not the right address
problem-misdirected-do = Start again from the app you came from.
problem-past_the_proxy = This is not the right address
problem-past_the_proxy-do = Start again from the app you came from.
problem-not_https = This connection is not safe
problem-not_https-do = Use the address that begins with https.
problem-slow_body = The connection is too slow
problem-slow_body-do = Try again with a better connection.
problem-foreign_form = This did not come from our page
problem-foreign_form-do = Nothing was done. Open the page here and try again.
problem-client_request = The app asked for something that does not work
problem-client_request-do = Go back to the app and begin again. If it stays so, tell whoever runs the app.
problem-bad_code = This sign-in did not reach the app
problem-bad_code-do = Go back to the app and begin again.
problem-bad_client = The app could not prove who it is
problem-bad_client-do = Tell whoever runs the app.
problem-stale_form = This page is out of date
problem-stale_form-do = Nothing was done. Open the page once more and try again.
problem-no_cookies = Your browser keeps no cookies of this page
problem-no_cookies-do = Allow cookies for this address, then try again. They carry your sign-in and nothing else.
problem-unavailable = Not available just now
problem-unavailable-do = Try again in a moment. What you entered may count as used.
problem-internal = Something went wrong on our side
problem-internal-do = Nothing was granted. Try again; if it happens again, tell your administrator.
problem-too_many_attempts = Too many attempts
problem-too_many_attempts-do = This attempt was not checked and does not count.
problem-refresh_too_often = Too many attempts
problem-refresh_too_often-do = Nothing has ended. Try again.
problem-busy = Very much is going on here
problem-busy-do = This attempt was not checked and does not count.
problem-credentials = Name or password is wrong
problem-credentials-do = Check both and try again.
problem-code = The code is wrong or was used
problem-code-do = Wait for the next code and try again.
problem-passkey = The passkey was not accepted
problem-passkey-do = Try once more, or choose another way.
problem-passkey_copied = There may be a copy of this passkey
problem-passkey_copied-do = It was refused. Use another factor, then remove this passkey from your account.
problem-wrong_step = This is not the next step
problem-wrong_step-do = Perhaps it is open in another tab. Sign in again.
problem-name_taken = This name is taken
problem-name_taken-do = Ask for an invite with another name.
problem-gone = This is over
problem-gone-do = What you opened was used already, has expired, or never was. Start again.
problem-rebind = Too many wrong attempts in all
problem-rebind-do = Use another factor or a recovery code, or ask your administrator.
problem-blocked = Somebody has guessed too often
problem-blocked-do = Sign in on a device you used before, with a passkey, or add a recovery code.
problem-insufficient_user_authentication = Please confirm again
problem-insufficient_user_authentication-do = It has been a while since your second factor was last confirmed. Sign in again.
problem-session_ended = You are no longer signed in
problem-session_ended-do = The session has ended. Sign in again.
problem-refresh_reuse = You were signed out for safety
problem-refresh_reuse-do = Somebody may have copied your session. Sign in again and look at where you are signed in.
problem-step_up = Please confirm this first
problem-step_up-do = Go back to your account and begin the change again.
problem-not_allowed = The app may not ask for this
problem-not_allowed-do = Tell whoever runs the app; they will find the reason under the reference.
problem-held = This factor is on probation
problem-held-do = It was added after a recovery and cannot change your account for 72 hours. Confirm with an older factor to end that.
problem-last_one = The last one cannot go
problem-last_one-do = Add another second factor first.
problem-clock = The clock of this server is wrong
problem-clock-do = Nobody is let in until it is right again. Try later.
problem-bad_refresh = You are no longer signed in
problem-bad_refresh-do = Sign in again.
problem-unauthenticated = You are not signed in
problem-unauthenticated-do = Sign in first.
