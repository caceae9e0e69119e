-- Logins that a session has begun without spending an attempt: only these give way to newer ones of the same session.
ALTER TABLE login ADD COLUMN unspent_of BYTES;
