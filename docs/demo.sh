#!/usr/bin/env bash
# What Poundlock does, shown on a real server: every section says what it proves, does it with curl, and stops the
# script when the answer is another than expected. Nothing is left behind.
#
#   docs/demo.sh                                     builds the server and runs it
#   POUNDLOCK=target/debug/poundlock docs/demo.sh    runs a server that is built already
#
# It needs curl and python3, which reads JSON here. Codes come from oathtool where it is installed, else from python3, and
# certificates from openssl: without it the part on TLS is left out.
set -euo pipefail
cd "$(dirname "$0")/.."

read -r -a poundlock <<<"${POUNDLOCK:-cargo run --quiet --release --}"
work=$(mktemp -d)
server=
trap 'if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" || true; fi; rm -rf "$work"' EXIT

# --- Small words used below ------------------------------------------------------------------------------------------

heading() { printf '\n== %s\n' "$1"; }

fail() { printf 'FAILED: %s\n' "$1" >&2; exit 1; }

# proved WHAT keeps a line for the end.
proofs=()
proved() { proofs+=("$1"); printf '   ok: %s\n' "$1"; }

# field NAME... takes one value out of JSON on standard input, by the names on the way to it.
field() {
    python3 -c '
import json, sys
value = json.load(sys.stdin)
for name in sys.argv[1:]:
    value = value[int(name)] if isinstance(value, list) else value[name]
print(value if isinstance(value, str) else json.dumps(value, separators=(",", ":")))' "$@"
}

# claims prints what the token on standard input says. It only reads: checking comes later.
claims() {
    python3 -c '
import base64, sys
part = sys.stdin.read().strip().split(".")[1]
print(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode())'
}

# as TOKEN makes the next calls with that access token; as nobody makes them without one.
as() { if [ "$1" = nobody ]; then : >"$work/header"; else printf 'Authorization: Bearer %s\n' "$1" >"$work/header"; fi; }
as nobody

# call METHOD PATH [FORMAT VALUE...] sends a request, with a JSON body made by printf. The answer is in $status and
# $answer. Secrets go through files and standard input, so that no list of processes shows them.
call() {
    local method=$1 url=$issuer$2
    shift 2
    : >"$work/body"
    # shellcheck disable=SC2059
    if [ $# -gt 0 ]; then printf "$@" >"$work/body"; fi
    status=$(curl --silent --show-error --max-time 30 --request "$method" --header @"$work/header" \
        --header 'Content-Type: application/json' --data @"$work/body" \
        --output "$work/answer" --write-out '%{http_code}' "$url")
    answer=$(cat "$work/answer")
}

# expect STATUS [TYPE] stops everything unless the last answer was this one.
expect() {
    [ "$status" = "$1" ] || fail "expected $1, but the answer was $status: $answer"
    [ $# -lt 2 ] || [ "$(field type <<<"$answer")" = "urn:poundlock:problem:$2" ] || fail "expected $2: $answer"
}

# of NAME... is a value of the last answer.
of() { field "$@" <<<"$answer"; }

# cli WORDS runs a command of the administrator, who sits on the same machine.
cli() { "${poundlock[@]}" "$@" --data "$work/data"; }

# code SECRET [STEPS] is the code that an authenticator app shows now, or showed STEPS times 30 seconds ago.
code() {
    local at=$(($(date +%s) + ${2:-0} * 30))
    if command -v oathtool >/dev/null; then
        oathtool --totp --base32 --now "@$at" - <<<"$1"
    else
        python3 -c '
import base64, hmac, struct, sys
key = base64.b32decode(sys.stdin.read().strip())
mac = hmac.new(key, struct.pack(">Q", int(sys.argv[1]) // 30), "sha1").digest()
start = mac[-1] & 15
print("%06d" % ((struct.unpack(">I", mac[start:start + 4])[0] & 0x7FFFFFFF) % 1000000))' "$at" <<<"$1"
    fi
}

# moments N waits N tenths of a second: nobody ever writes into this pipe.
mkfifo "$work/quiet" "$work/up"
moments() { local i; for ((i = 0; i < $1; i++)); do read -r -t 0.1 <>"$work/quiet" || true; done; }

# at_ease waits until the present code lives long enough for the next few commands.
at_ease() { until [ $(($(date +%s) % 30)) -lt 24 ]; do moments 2; done; }

# --- The demonstration -----------------------------------------------------------------------------------------------

heading "One command: from an empty folder to a token"
# A password and an authenticator app are enrolled over HTTP, as people do it. The code is computed from the new seed.
password='walk the lake at dawn'
printf '%s' "$password" >"$work/password"
"${poundlock[@]}" up --json --data "$work/data" --listen 127.0.0.1:0 --name ada --password-file "$work/password" \
    >"$work/up" 2>"$work/log" &
server=$!
read -r line <"$work/up" || fail "the server did not come up: $(cat "$work/log")"
issuer=$(field issuer <<<"$line")
token=$(field tokens access_token <<<"$line")
first=$(field tokens refresh_token <<<"$line")
printf '   %s\n' "$issuer"
proved "up makes a store, keys and an administrator, and ends with a verified token"

heading "What the token says"
claims <<<"$token" | tee "$work/claims"
[ "$(field iss <"$work/claims")" = "$issuer" ] || fail "another issuer"
[ "$(field acr <"$work/claims")" = aal2 ] || fail "not aal2"
[ "$(field amr <"$work/claims")" = '["pwd","otp","mfa"]' ] || fail "other factors than password and code"
[ $(($(field exp <"$work/claims") - $(field iat <"$work/claims"))) = 300 ] || fail "another life than five minutes"
proved "the token names both factors, its audience and its session, and lives for five minutes"

heading "Services need only the public keys"
call GET /.well-known/jwks.json
expect 200
printf '%s' "$answer" >"$work/jwks.json"
if grep -q '"d"' "$work/jwks.json"; then fail "a private key is published"; fi
printf '%s' "$token" >"$work/token"
# check FILE [AUDIENCE] does what a service does, with the key set in the file and nothing else, and says each step.
check() { cli token verify "$1" --issuer "$issuer" --audience "${2:-api}" --jwks "$work/jwks.json"; }
check "$work/token"
proved "a token is checked with the published keys alone"

if check "$work/token" billing >"$work/said" 2>&1; then fail "accepted by a service it is not for"; fi
grep -i 'audience' "$work/said"
# One letter is another now.
sed -E 's/^(.{600})[A-M]/\1Z/; t; s/^(.{600})./\1A/' "$work/token" >"$work/altered"
if check "$work/altered" >"$work/said" 2>&1; then fail "an altered token is accepted"; fi
grep -i 'signature' "$work/said"
proved "a token for another service and an altered token are refused"

heading "People come by invitation"
# join NAME: an administrator invites, the person sets a password and enrols an app with the code of half a minute ago.
# A slow typist may do that, and it leaves the present code unused for the sections below.
join() {
    at_ease
    as nobody
    local invite
    invite=$(cli user invite "$1" 2>>"$work/log")
    call POST /v1/invite/accept '{"invite":"%s","password":"%s"}' "$invite" "$password"
    expect 200
    local login
    login=$(of login)
    call POST /v1/login/enrol/totp '{"login":"%s"}' "$login"
    expect 200
    secret=$(of secret)
    call POST /v1/login/enrol/totp/confirm '{"login":"%s","code":"%s"}' "$login" "$(code "$secret" -1)"
    expect 200
    first_refresh=$(of refresh_token)
    device=$(of device)
    recovery=$(of recovery_codes 0)
}
join bob
proved "an invite sets a password and enrols an app; its confirmation is the first login"

heading "A password alone gives nothing"
call POST /v1/login '{"name":"bob","password":"not the password"}'
expect 401 credentials
wrong=$(of detail)
call POST /v1/login '{"name":"nobody-of-that-name","password":"not the password"}'
expect 401 credentials
[ "$(of detail)" = "$wrong" ] || fail "an unknown name is told apart from a wrong password"
call POST /v1/login '{"name":"bob","password":"%s"}' "$password"
expect 200
[ "$(of state)" = second_factor ] || fail "no second factor was asked for"
case $answer in *access_token*) fail "a token for a password alone" ;; esac
login=$(of login)
proved "a right password gets a question, not a token; an unknown name is answered like a wrong password"

heading "Password and code: a token"
used=$(code "$secret")
call POST /v1/login/totp '{"login":"%s","code":"%s"}' "$login" "$used"
expect 200
refresh=$(of refresh_token)
proved "password and code together get a token"

call POST /v1/login '{"name":"bob","password":"%s"}' "$password"
call POST /v1/login/totp '{"login":"%s","code":"%s"}' "$(of login)" "$used"
expect 401 code
proved "the same code does not work a second time"

heading "Refresh: one successor, also for whoever asks twice"
call POST /v1/session/refresh '{"refresh_token":"%s"}' "$refresh"
expect 200
next=$(of refresh_token)
[ "$next" != "$refresh" ] || fail "the refresh token did not change"
# The answer may get lost on the way, so the old token may be sent again while its successor is unused.
call POST /v1/session/refresh '{"refresh_token":"%s"}' "$refresh"
expect 200
[ "$(of refresh_token)" = "$next" ] || fail "a retry made a second successor"
proved "a refresh token is replaced at each use, and a retry gets the same successor"

call POST /v1/session/refresh '{"refresh_token":"%s"}' "$next"
expect 200
newest=$(of refresh_token)
# Now the successor is used. Whoever still sends the first token has a copy of it.
call POST /v1/session/refresh '{"refresh_token":"%s"}' "$refresh"
expect 401 refresh_reuse
call POST /v1/session/refresh '{"refresh_token":"%s"}' "$newest"
expect 401 session_ended
proved "an old refresh token that comes back ends the whole session"

heading "A recovery code in place of a lost phone"
call POST /v1/login '{"name":"bob","password":"%s"}' "$password"
expect 200
call POST /v1/login/recovery-code '{"login":"%s","code":"%s"}' "$(of login)" "$recovery"
expect 200
of access_token | claims >"$work/claims"
[ "$(field acr <"$work/claims")" = recovery ] || fail "a recovery code counted as more than it is"
[ "$(field amr <"$work/claims")" = '["pwd","mfa","rcv"]' ] || fail "other factors: $(cat "$work/claims")"
proved "a recovery code logs in, and the token says so: acr is recovery, not aal2"

call POST /v1/login '{"name":"bob","password":"%s"}' "$password"
call POST /v1/login/recovery-code '{"login":"%s","code":"%s"}' "$(of login)" "$recovery"
expect 401 code
proved "a recovery code works once"

heading "Guessing gets slower, and what comes too soon is not even looked at"
join carol
call POST /v1/login '{"name":"carol","password":"%s"}' "$password"
expect 200
stolen=$(of login)
# Somebody knows carol's password and guesses codes. They even wait as long as they are told.
guesses=0
waits=()
while :; do
    call POST /v1/login/totp '{"login":"%s","code":"%06d"}' "$stolen" "$guesses"
    case $status in
    401) guesses=$((guesses + 1)) ;;
    429)
        wait_for=$(of retry_after)
        waits+=("$wait_for s")
        if [ "$wait_for" -ge 4 ]; then break; fi
        moments $((wait_for * 10))
        ;;
    *) fail "a guess was answered $status: $answer" ;;
    esac
    [ "$guesses" -lt 12 ] || fail "twelve guesses without a long wait"
done
printf '   %s guesses, then waits of %s\n' "$guesses" "${waits[*]}"
refused=$(of reference)
call POST /v1/login/totp '{"login":"%s","code":"%s"}' "$stolen" "$(code "$secret")"
expect 429 too_many_attempts
proved "wrong codes make every further try wait, and during the wait even the right code is refused unchecked"

heading "The owner still gets in"
# A device that has logged in before has a budget of its own. It proves both factors like everybody.
call POST /v1/login '{"name":"carol","password":"%s","device":"%s"}' "$password" "$device"
expect 200
call POST /v1/login/totp '{"login":"%s","code":"%s"}' "$(of login)" "$(code "$secret")"
expect 200
refresh=$(of refresh_token)
session=$(of session)
proved "a known device logs in while strangers wait"

heading "Signing out reaches services that never ask"
# ended INDEX tells whether the status list on standard input shows that session as ended.
ended() {
    python3 -c '
import base64, json, sys, zlib
read = lambda part: base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
bits = zlib.decompress(read(json.loads(read(sys.stdin.read().split(".")[1]))["status_list"]["lst"]))
index = int(sys.argv[1])
print("ended" if bits[index // 8] >> index % 8 & 1 else "valid")' "$1"
}
of access_token | claims >"$work/claims"
index=$(field status status_list idx <"$work/claims")
list=$(field status status_list uri <"$work/claims")
list=${list#"$issuer"}
call GET "$list"
expect 200
[ "$(ended "$index" <<<"$answer")" = valid ] || fail "a live session is listed as ended"
# The account API takes no token that a service was given: it has an audience of its own.
call POST /v1/session/refresh '{"refresh_token":"%s","audience":"%s/account"}' "$refresh" "$issuer"
expect 200
as "$(of access_token)"
call GET /v1/session
expect 200
[ "$(of session)" = "$session" ] || fail "another session"
call DELETE /v1/session
expect 204
carol_refresh=$refresh
as nobody
for ((i = 0; i < 100; i++)); do
    call GET "$list"
    if [ "$(ended "$index" <<<"$answer")" = ended ]; then break; fi
    moments 1
done
[ "$(ended "$index" <<<"$answer")" = ended ] || fail "the status list does not show the sign-out after ten seconds"
proved "after signing out, the signed status list shows the session as ended"

heading "A change of password needs both factors again, for that change alone"
join dave
call POST /v1/session/refresh '{"refresh_token":"%s","audience":"%s/account"}' "$first_refresh" "$issuer"
expect 200
as "$(of access_token)"
call POST /v1/account/password '{"new_password":"walk the lake at dusk","step_up":"plu_none"}'
expect 403 step_up
call POST /v1/step-up '{"action":"password.change","password":"%s"}' "$password"
expect 200
call POST /v1/login/totp '{"login":"%s","code":"%s"}' "$(of login)" "$(code "$secret")"
expect 200
step_up=$(of step_up)
call POST /v1/factors/recovery-codes '{"step_up":"%s"}' "$step_up"
expect 403 step_up
call POST /v1/account/password '{"new_password":"walk the lake at dusk","step_up":"%s"}' "$step_up"
expect 204
call POST /v1/account/password '{"new_password":"walk the lake at noon","step_up":"%s"}' "$step_up"
expect 403 step_up
as nobody
proved "a token alone changes nothing; a step-up opens one action, once"

heading "An administrator at work"
cli user list
[ "$(cli user list --json | field users 0 name)" = ada ] || fail "the first user is not listed"
call POST /v1/session/refresh '{"refresh_token":"%s"}' "$carol_refresh"
expect 401 session_ended
cli user disable dave
call POST /v1/login '{"name":"dave","password":"walk the lake at dusk"}'
expect 401 credentials
if cli user disable ada 2>"$work/said"; then fail "the last administrator was shut out"; fi
proved "a disabled account is answered like a wrong password, and the last administrator stays"

heading "A service that knows RS256 only"
cli audience set legacy --alg RS256
cli client show app | python3 -c '
import json, sys
client = json.load(sys.stdin)
client["audiences"].append("legacy")
print(json.dumps(client))' | cli client change -
call POST /v1/session/refresh '{"refresh_token":"%s","audience":"legacy"}' "$first"
expect 200
ada_refresh=$(of refresh_token)
of access_token >"$work/legacy"
call GET /.well-known/jwks.json
printf '%s' "$answer" >"$work/jwks.json"
check "$work/legacy" legacy >"$work/said" || fail "the token is refused: $(cat "$work/said")"
grep 'signature' "$work/said"
proved "one audience gets RS256 while the others keep ES256"

heading "Keys turn while tokens live"
# The first call publishes the next key. Services get ten minutes to learn of it; here the only service has no cache.
cli key rotate ES256
cli key rotate ES256 --force
cli key list
call POST /v1/session/refresh '{"refresh_token":"%s"}' "$ada_refresh"
expect 200
of access_token >"$work/newer"
if [ "$(cut -d. -f1 "$work/newer")" = "$(cut -d. -f1 "$work/token")" ]; then fail "the same key still signs"; fi
call GET /.well-known/jwks.json
printf '%s' "$answer" >"$work/jwks.json"
check "$work/newer" >"$work/said" || fail "a token of the new key is refused: $(cat "$work/said")"
check "$work/token" >"$work/said" || fail "a token of the old key is refused: $(cat "$work/said")"
proved "a new key signs, and tokens of the old one are good until they end"

heading "Every decision leaves a record, and the log shows when one was changed"
# $refused is the reference that the guesser was shown. It tells an administrator what decided.
cli explain "$refused"
cli audit export --out "$work/export" 2>>"$work/log"
cli audit verify "$work/export"
sed 's/"login\.delayed"/"login.completed"/' "$work/export" >"$work/edited"
if cli audit verify "$work/edited" >"$work/said" 2>&1; then fail "an edited log was taken for whole"; fi
grep 'was edited' "$work/said"
proved "a refusal can be explained by its reference, and an edited log does not hold"

heading "A copy of the live store"
cli backup "$work/backup"
if grep -q "$(cat "$work/data/master.key")" "$work/backup"; then fail "the master key is in the backup"; fi
proved "a backup is taken while the server runs, and holds no master key"

heading "The server is down, and services still decide"
kill "$server"
wait "$server" || fail "the server did not end well: $(cat "$work/log")"
server=
check "$work/newer" >"$work/said" || fail "refused without a server: $(cat "$work/said")"
proved "checking a token needs no server"

heading "A restore never un-spends anything"
before=$(field keys 0 kid <"$work/jwks.json")
cli restore "$work/backup" --replace --yes 2>>"$work/log"
if cli key list --json | python3 -c '
import json, sys
sys.exit(all(key["state"] == "gone" for key in json.load(sys.stdin)["keys"] if key["kid"] == sys.argv[1]))' "$before"; then
    fail "a key that signed before the restore is still published"
fi
[ "$(cli user list --json | field users 0 name)" = ada ] || fail "the first user is not in the restored store"
cli audit verify 2>>"$work/log"
proved "a restore ends all sessions and replaces the keys, and its audit log holds"

heading "A doctor looks at what a server rests on"
# 1: the master key lies in the data folder, as it does after a first try.
cli doctor 2>>"$work/log" && looked=0 || looked=$?
[ "$looked" -le 1 ] || fail "the doctor found something wrong"
proved "doctor finds nothing wrong"

heading "TLS ends here, and a renewed certificate needs no restart"
if command -v openssl >/dev/null; then
    # certify DAYS writes a certificate for localhost that ends then, and its key, which only its owner can read.
    certify() {
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days "$1" -subj /CN=localhost \
            -addext subjectAltName=DNS:localhost -keyout "$work/key.pem" -out "$work/chain.pem" 2>>"$work/log"
    }
    certify 30
    cp "$work/chain.pem" "$work/first.pem"
    port=$(python3 -c 'import socket; door = socket.create_server(("127.0.0.1", 0)); print(door.getsockname()[1])')
    cat >"$work/tls.toml" <<EOF
issuer = "https://localhost:$port"
[listen]
address = "127.0.0.1:$port"
[listen.tls]
certificate = "$work/chain.pem"
key = "$work/key.pem"
EOF
    "${poundlock[@]}" up --json --config "$work/tls.toml" --data "$work/tls" --name ada \
        --password-file "$work/password" >"$work/up" 2>>"$work/log" &
    server=$!
    read -r line <"$work/up" || fail "the server did not come up: $(cat "$work/log")"
    [ "$(field issuer <<<"$line")" = "https://localhost:$port" ] || fail "another issuer"
    # ask CERTIFICATE [OPTION...] asks for the keys, with trust in this certificate alone.
    ask() {
        curl --silent --max-time 30 --noproxy '*' --resolve "localhost:$port:127.0.0.1" --cacert "$1" "${@:2}" \
            --output "$work/answer" --write-out '%{http_code} HTTP/%{http_version}\n' \
            "https://localhost:$port/.well-known/jwks.json"
    }
    ask "$work/first.pem" | tee "$work/said"
    grep -q '^200 ' "$work/said" || fail "no answer over TLS"
    if ask "$work/first.pem" --tls-max 1.1 >"$work/said"; then fail "TLS 1.1 is spoken"; fi
    if curl --silent --max-time 30 --noproxy '*' "http://127.0.0.1:$port/health/live" >"$work/said"; then
        fail "plain HTTP is spoken on the port for TLS"
    fi
    proved "TLS 1.2 and 1.3 are spoken on the port, and nothing else"

    # The server looks at the files every five seconds.
    certify 60
    for ((i = 0; i < 200; i++)); do
        if ask "$work/chain.pem" >"$work/said"; then break; fi
        moments 1
    done
    grep '^200 ' "$work/said" || fail "the renewed certificate is not shown after twenty seconds"
    if ask "$work/first.pem" >"$work/said"; then fail "the old certificate is still shown"; fi
    proved "a renewed certificate is shown to whoever connects from then on"
    kill "$server"
    wait "$server" || fail "the server did not end well: $(cat "$work/log")"
    server=
else
    printf '   left out: openssl is not installed here\n'
fi

heading "Proved on $issuer"
printf '%s\n' "${proofs[@]}"
