### Die Texte der Seiten auf Deutsch. Dieselben Schlüssel wie in jeder anderen Sprache: ein Test hält das fest.

## Zeitpunkte

month-1 = Jan.
month-2 = Feb.
month-3 = März
month-4 = Apr.
month-5 = Mai
month-6 = Juni
month-7 = Juli
month-8 = Aug.
month-9 = Sept.
month-10 = Okt.
month-11 = Nov.
month-12 = Dez.
span-seconds = { $count ->
    [one] eine Sekunde
   *[other] { $count } Sekunden
}
span-minutes = { $count ->
    [one] eine Minute
   *[other] { $count } Minuten
}
span-hours = { $count ->
    [one] eine Stunde
   *[other] { $count } Stunden
}
span-days = { $count ->
    [one] einen Tag
   *[other] { $count } Tage
}

## Überall

continue = Weiter
confirm = Bestätigen
cancel = Abbrechen
or = oder
reference = Kennung
title-error = Fehler: { $title }
gate-one = Passwort
gate-two = Zweiter Faktor
name = Name
password = Passwort
peek = Zeigen
new-password = Neues Passwort
new-password-rule = { $count ->
   *[other] Mindestens { $count } Zeichen. Vier oder fünf Wörter ohne Zusammenhang sind stark und leicht zu merken; Ziffern und Sonderzeichen braucht es nicht.
}
repeat = Neues Passwort noch einmal
code = Sechsstelliger Code
code-hint = Aus Ihrer Authenticator-App.
code-title = sechs Ziffern
recovery-code = Wiederherstellungscode
recovery-code-hint = Einer von denen, die Sie aufbewahrt haben. Er gilt einmal.
label = Bezeichnung
label-hint = Damit Sie ihn wiedererkennen, zum Beispiel „Mein Handy“.
kind-passkey = Passkey
kind-security-key = Sicherheitsschlüssel
kind-totp = Authenticator-App

## Anmelden

sign-in = Anmelden
sign-in-client = { $client } bittet Sie, sich anzumelden.
use-invite = Ich habe eine Einladung
passkey-sign-in = Mit Passkey anmelden
passkey-use = Passkey oder Sicherheitsschlüssel benutzen
passkey-create = Passkey anlegen
passkey-hint = Bestätigen Sie auf diesem Gerät, auf Ihrem Handy oder mit einem Sicherheitsschlüssel.
passkey-script = Passkeys brauchen JavaScript, und das ist hier ausgeschaltet.
passkey-failed = Das hat nicht geklappt. Versuchen Sie es noch einmal oder auf anderem Weg.
passkey-stopped = Es wurde nichts bestätigt. Versuchen Sie es noch einmal oder auf anderem Weg.
passkey-unable = Dieser Browser kann hier keine Passkeys benutzen. Wählen Sie einen anderen Weg.
second-factor = Bestätigen Sie, dass Sie es sind
second-factor-name = Sie melden sich als { $name } an.
second-factor-change = Sie sind als { $name } angemeldet.
other-ways = Andere Wege
way-passkey = Mit Passkey oder Sicherheitsschlüssel
way-totp = Mit einem Code aus einer Authenticator-App
way-recovery-code = Mit einem Wiederherstellungscode
another-name = Mit einem anderen Namen anmelden
step-up = Geben Sie Ihr Passwort noch einmal ein
step-up-why = Die Nachfrage schützt Ihr Konto, wenn der Bildschirm einmal unbeaufsichtigt ist.
purpose-change-password = Sie wollen Ihr Passwort ändern.
purpose-new-codes = Sie wollen neue Wiederherstellungscodes erstellen.
purpose-add-factor = Sie wollen einen zweiten Faktor hinzufügen.
purpose-rename-factor = Sie wollen „{ $factor }“ umbenennen.
purpose-remove-factor = Sie wollen „{ $factor }“ entfernen.
purpose-authorize = Die App, von der Sie kommen, verlangt das.
purpose-refresh = Ihre letzte Bestätigung ist eine Weile her.

## Einladung

accept-invite = Einladung annehmen
accept-ticket = Neuen zweiten Faktor einrichten
invite = Einladung
invite-hint = Der Text, der mit pli_ beginnt, von der Person, die Sie eingeladen hat.
invite-lead = Wählen Sie ein Passwort; danach kommt der zweite Faktor.
invite-lead-name = Willkommen, { $name }. Wählen Sie ein Passwort; danach kommt der zweite Faktor.
ticket-lead = Bestätigen Sie Ihr Passwort, { $name }; danach kommt der zweite Faktor.
has-account = Stattdessen anmelden

## Zweite Faktoren

enrol = Zweiten Faktor hinzufügen
enrol-lead-first = Das zweite Tor: etwas, das nur Sie haben. Später können Sie weitere hinzufügen.
enrol-lead = Zwei sind besser als einer: geht einer verloren, öffnet der andere Ihr Konto.
strongest = Am sichersten
enrol-passkey-about = Fingerabdruck, Gesicht oder PIN dieses Geräts oder Ihres Handys, oder ein Sicherheitsschlüssel. Lässt sich von gefälschten Seiten nicht missbrauchen.
enrol-totp-about = Eine App, die alle 30 Sekunden einen neuen sechsstelligen Code zeigt.
enrol-totp = Authenticator‑App einrichten
enrol-totp-scan = Scannen Sie dieses Bild mit Ihrer Authenticator-App.
enrol-totp-picture = QR-Code für die Authenticator-App
enrol-totp-type = Keine Kamera? Von Hand eingeben
enrol-totp-kind = Zeitbasiert, sechs Ziffern, 30 Sekunden.
enrol-totp-link = In einer App auf diesem Gerät öffnen
enrol-passkey = Passkey anlegen
enrol-passkey-lead = Ihr Gerät fragt nach Fingerabdruck, Gesicht oder PIN. Das verlässt das Gerät nie.
enrol-other = Eine andere Art wählen

## Wiederherstellungscodes

recovery-codes = Wiederherstellungs­codes
recovery-codes-lead = Wenn Sie Ihren zweiten Faktor verlieren, öffnet einer davon Ihr Konto. Bewahren Sie sie jetzt auf: sie werden nicht noch einmal gezeigt.
recovery-codes-hint = Am besten dort, wo Sie sie auch ohne Ihr Handy finden: in einem Passwortmanager oder auf Papier. Jeder gilt einmal.
copy = Kopieren
copied = Kopiert
download = Herunterladen
print = Drucken
saved = Ich habe diese Codes aufbewahrt
change-password = Passwort ändern
change-password-lead = Alle anderen Sitzungen enden, und andere Geräte werden vergessen.

## Konto

account = Ihr Konto
account-name = Sie melden sich als { $name } an.
account-since = Konto seit
account-groups = Gruppen:
factors = Zweite Faktoren
factors-about = Was das zweite Tor öffnet. Am besten haben Sie mindestens zwei.
made = Hinzugefügt
last-used = Zuletzt benutzt
never = nie
held-until = Auf Probe bis
change = Ändern
rename = Umbenennen
rename-factor = Zweiten Faktor umbenennen
remove = Entfernen
last-factor = Der letzte kann nicht entfernt werden. Fügen Sie erst einen anderen hinzu.
add-factor = Zweiten Faktor hinzufügen
recovery-codes-about = Für den Tag, an dem Sie alles andere verlieren.
codes-left = { $count ->
    [0] Es ist kein Wiederherstellungscode mehr übrig. Erstellen Sie jetzt neue.
    [one] Es ist noch ein Wiederherstellungscode übrig.
   *[other] Es sind noch { $count } Wiederherstellungscodes übrig.
}
new-codes = Neue Codes erstellen
password-about = Es genügt nie allein: ohne Ihren zweiten Faktor meldet sich niemand an.
sessions = Wo Sie angemeldet sind
sessions-about = Beenden Sie, was Sie nicht kennen, und ändern Sie dann Ihr Passwort.
signed-in-at = Angemeldet
unknown-device = Browser oder App
this-one = Dieses hier
end = Beenden
end-others = Alle anderen beenden
devices = Bekannte Geräte
devices-about = Auf diesen haben Sie sich vollständig angemeldet. Dort kann fremdes Raten Sie nicht aussperren.
known-since = Bekannt seit
forget = Vergessen
grants = Apps
grants-about = Was Apps von Ihnen wissen und für Sie tun dürfen.
given = Erlaubt
withdraw = Zurücknehmen
none = Noch keine.
notice-password-changed = Ihr Passwort wurde geändert. Alle anderen Sitzungen sind beendet.
notice-factor-added = Der zweite Faktor wurde hinzugefügt.
notice-factor-renamed = Die Bezeichnung wurde geändert.
notice-factor-removed = Der zweite Faktor wurde entfernt. Sitzungen, die darauf beruhten, sind beendet.
notice-codes-made = Sie haben neue Wiederherstellungscodes. Die alten gelten nicht mehr.
notice-session-ended = Die Sitzung ist beendet.
notice-others-ended = Alle anderen Sitzungen sind beendet.
notice-device-forgotten = Das Gerät wurde vergessen.
notice-grant-withdrawn = Die App darf das nicht mehr.

## Zustimmung

consent = { $client } zulassen?
consent-name = Sie sind als { $name } angemeldet.
consent-learns = Die App würde
consent-host = Danach geht es weiter zu { $host }.
consent-lasts = Das gilt { $span }.
consent-stays = Das gilt, bis Sie es zurücknehmen.
consent-later = Sie können das in Ihrem Konto jederzeit zurücknehmen.
allow = Zulassen
deny = Nicht zulassen
learns-identity = wissen, dass Sie es sind
learns-profile = Ihren Namen erfahren
learns-email = Ihre E-Mail-Adresse erfahren
learns-groups = erfahren, zu welchen Gruppen Sie gehören
learns-offline = diesen Zugang behalten, auch wenn Sie nicht da sind
learns-api = { $api } für Sie benutzen
learns-scope = das Recht „{ $scope }“ bekommen
leave = Sie sind angemeldet
leave-on = Weiter

## Abmelden

sign-out = Abmelden
sign-out-ask = Abmelden?
sign-out-name = Sie sind als { $name } angemeldet.
sign-out-client = { $client } bittet darum.
stay = Angemeldet bleiben
signed-out = Sie sind abgemeldet
signed-out-lead = Schließen Sie an einem gemeinsam benutzten Computer auch den Browser.
sign-in-again = Wieder anmelden
back-client = Zurück zu { $client }
back-sign-in = Anmelden
back-account = Zurück zu Ihrem Konto

## Neben einem Feld oder über einem Formular

error-credentials = Name oder Passwort ist falsch. Prüfen Sie beides.
error-password = Das Passwort ist falsch.
error-code = Dieser Code ist falsch oder schon benutzt. Warten Sie auf den nächsten. Passt nie ein Code, prüfen Sie die Uhr Ihres Handys.
error-recovery-code = Dieser Wiederherstellungscode ist falsch oder schon benutzt. Nehmen Sie einen anderen.
error-passkey = Der Passkey wurde nicht angenommen. Versuchen Sie es noch einmal oder auf anderem Weg.
error-invite = Diese Einladung wurde benutzt, ist abgelaufen oder hat nie gegolten. Bitten Sie um eine neue.
error-name-taken = Der Name dieser Einladung ist inzwischen vergeben. Bitten Sie um eine Einladung mit einem anderen Namen.
error-password-short = { $count ->
   *[other] Zu kurz: mindestens { $count } Zeichen. Nehmen Sie vier oder fünf Wörter ohne Zusammenhang.
}
error-password-long = { $count ->
   *[other] Zu lang: höchstens { $count } Bytes.
}
error-password-common = Das gehört zu den Passwörtern, die zuerst versucht werden. Nehmen Sie mehrere Wörter ohne Zusammenhang.
error-password-context = Das ist aus etwas gemacht, das andere über Sie wissen. Nehmen Sie mehrere Wörter ohne Zusammenhang.
error-differs = Die beiden stimmen nicht überein. Geben Sie es noch einmal ein.
error-empty = Bitte ausfüllen.
error-not-saved = Bewahren Sie die Codes erst auf, dann haken Sie dies an.
error-wait = Zu viele Versuche. Warten Sie { $span } und versuchen Sie es dann wieder; dieser Versuch wurde nicht geprüft und zählt nicht.
error-busy = Hier ist gerade sehr viel los. Warten Sie { $span } und versuchen Sie es dann wieder; dieser Versuch wurde nicht geprüft und zählt nicht.
error-blocked = Jemand hat an diesem Konto zu oft geraten. Melden Sie sich auf einem schon benutzten Gerät oder mit einem Passkey an, oder geben Sie einen Wiederherstellungscode dazu.
error-rebind = Insgesamt zu viele falsche Versuche. Benutzen Sie einen anderen Faktor oder einen Wiederherstellungscode, oder fragen Sie Ihre Administration.
error-stale = Diese Seite war zu lange offen. Bitte versuchen Sie es noch einmal.
error-page-wait = Warten Sie { $span } und versuchen Sie es dann wieder.
error-page-reference = Wenn Sie um Hilfe bitten, nennen Sie diese Kennung:

## Fehler: der letzte Teil des Typs, und was zu tun ist

problem-bad_request = Das ist nicht zu lesen
problem-bad_request-do = Gehen Sie zurück und versuchen Sie es noch einmal.
problem-unusable = Ein Wert ist nicht brauchbar
problem-unusable-do = Gehen Sie zurück und wählen Sie einen anderen Wert.
problem-content_type = Das ist nicht zu lesen
problem-content_type-do = Gehen Sie zurück und versuchen Sie es noch einmal.
problem-too_large = Das ist zu viel
problem-too_large-do = Gehen Sie zurück und geben Sie weniger ein.
problem-long_target = Die Adresse ist zu lang
problem-long_target-do = Beginnen Sie neu, von der App aus, von der Sie kamen.
problem-long_headers = Ihr Browser schickt zu viel
problem-long_headers-do = Löschen Sie die Cookies dieser Seite und versuchen Sie es noch einmal.
problem-not_found = Hier ist nichts
problem-not_found-do = Prüfen Sie die Adresse oder beginnen Sie neu.
problem-missing = Hier ist nichts
problem-missing-do = Vielleicht ist es schon weg. Gehen Sie zurück und sehen Sie noch einmal nach.
problem-conflict = Inzwischen hat sich etwas geändert
problem-conflict-do = Gehen Sie zurück, sehen Sie noch einmal nach und entscheiden Sie neu.
problem-method = Das geht hier nicht
problem-method-do = Beginnen Sie neu.
problem-misdirected = Das ist nicht die richtige Adresse
problem-misdirected-do = Beginnen Sie neu, von der App aus, von der Sie kamen.
problem-past_the_proxy = Das ist nicht die richtige Adresse
problem-past_the_proxy-do = Beginnen Sie neu, von der App aus, von der Sie kamen.
problem-not_https = Diese Verbindung ist nicht sicher
problem-not_https-do = Benutzen Sie die Adresse, die mit https beginnt.
problem-slow_body = Die Verbindung ist zu langsam
problem-slow_body-do = Versuchen Sie es mit einer besseren Verbindung noch einmal.
problem-foreign_form = Das kam nicht von unserer Seite
problem-foreign_form-do = Es ist nichts geschehen. Öffnen Sie die Seite hier und versuchen Sie es noch einmal.
problem-client_request = Die App hat um etwas gebeten, das nicht geht
problem-client_request-do = Gehen Sie zur App zurück und beginnen Sie noch einmal. Bleibt es so, sagen Sie es denen, die sie betreiben.
problem-bad_code = Diese Anmeldung kam bei der App nicht an
problem-bad_code-do = Gehen Sie zur App zurück und beginnen Sie noch einmal.
problem-bad_client = Die App konnte nicht zeigen, wer sie ist
problem-bad_client-do = Sagen Sie es denen, die sie betreiben.
problem-stale_form = Diese Seite ist veraltet
problem-stale_form-do = Es ist nichts geschehen. Öffnen Sie die Seite noch einmal und versuchen Sie es dann.
problem-no_cookies = Ihr Browser behält keine Cookies dieser Seite
problem-no_cookies-do = Erlauben Sie Cookies für diese Adresse und versuchen Sie es noch einmal. Sie tragen Ihre Anmeldung und sonst nichts.
problem-unavailable = Gerade nicht verfügbar
problem-unavailable-do = Versuchen Sie es gleich noch einmal. Was Sie eingegeben haben, kann als benutzt gelten.
problem-internal = Bei uns ist etwas schiefgegangen
problem-internal-do = Es wurde nichts gewährt. Versuchen Sie es noch einmal; kommt es wieder vor, sagen Sie es Ihrer Administration.
problem-too_many_attempts = Zu viele Versuche
problem-too_many_attempts-do = Dieser Versuch wurde nicht geprüft und zählt nicht.
problem-refresh_too_often = Zu viele Versuche
problem-refresh_too_often-do = Es ist nichts beendet. Versuchen Sie es noch einmal.
problem-busy = Hier ist gerade sehr viel los
problem-busy-do = Dieser Versuch wurde nicht geprüft und zählt nicht.
problem-credentials = Name oder Passwort ist falsch
problem-credentials-do = Prüfen Sie beides und versuchen Sie es noch einmal.
problem-code = Der Code ist falsch oder schon benutzt
problem-code-do = Warten Sie auf den nächsten Code und versuchen Sie es noch einmal.
problem-passkey = Der Passkey wurde nicht angenommen
problem-passkey-do = Versuchen Sie es noch einmal oder auf anderem Weg.
problem-passkey_copied = Von diesem Passkey gibt es vielleicht eine Kopie
problem-passkey_copied-do = Er wurde abgelehnt. Nutzen Sie einen anderen Faktor und entfernen Sie dann diesen Passkey aus Ihrem Konto.
problem-wrong_step = Das ist nicht der nächste Schritt
problem-wrong_step-do = Vielleicht ist es in einem anderen Tab offen. Melden Sie sich neu an.
problem-name_taken = Dieser Name ist vergeben
problem-name_taken-do = Bitten Sie um eine Einladung mit einem anderen Namen.
problem-gone = Das ist vorbei
problem-gone-do = Was Sie geöffnet haben, wurde schon benutzt, ist abgelaufen oder hat nie gegolten. Beginnen Sie neu.
problem-rebind = Insgesamt zu viele falsche Versuche
problem-rebind-do = Benutzen Sie einen anderen Faktor oder einen Wiederherstellungscode, oder fragen Sie Ihre Administration.
problem-blocked = Jemand hat zu oft geraten
problem-blocked-do = Melden Sie sich auf einem schon benutzten Gerät oder mit einem Passkey an, oder geben Sie einen Wiederherstellungscode dazu.
problem-insufficient_user_authentication = Bitte bestätigen Sie noch einmal
problem-insufficient_user_authentication-do = Ihr zweiter Faktor wurde eine Weile nicht bestätigt. Melden Sie sich neu an.
problem-session_ended = Sie sind nicht mehr angemeldet
problem-session_ended-do = Die Sitzung ist beendet. Melden Sie sich neu an.
problem-refresh_reuse = Sie wurden zur Sicherheit abgemeldet
problem-refresh_reuse-do = Jemand hat vielleicht Ihre Sitzung kopiert. Melden Sie sich neu an und sehen Sie nach, wo Sie angemeldet sind.
problem-step_up = Bitte bestätigen Sie das erst
problem-step_up-do = Gehen Sie zurück zu Ihrem Konto und beginnen Sie die Änderung neu.
problem-not_allowed = Die App darf darum nicht bitten
problem-not_allowed-do = Sagen Sie es denen, die die App betreiben; unter der Kennung finden sie den Grund.
problem-held = Dieser Faktor ist auf Probe
problem-held-do = Er kam nach einer Wiederherstellung dazu und kann 72 Stunden lang nichts an Ihrem Konto ändern. Bestätigen Sie mit einem älteren Faktor, um das zu beenden.
problem-last_one = Der letzte kann nicht weg
problem-last_one-do = Fügen Sie erst einen anderen zweiten Faktor hinzu.
problem-clock = Die Uhr dieses Servers geht falsch
problem-clock-do = Bis sie wieder stimmt, wird niemand eingelassen. Versuchen Sie es später.
problem-bad_refresh = Sie sind nicht mehr angemeldet
problem-bad_refresh-do = Melden Sie sich neu an.
problem-unauthenticated = Sie sind nicht angemeldet
problem-unauthenticated-do = Melden Sie sich erst an.
