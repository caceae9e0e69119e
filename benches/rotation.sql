UPDATE refresh SET generation = ?3, current = ?4, previous = ?5, successor = ?6, rotated_at = ?7, rotated_source = ?8, retries = ?9 WHERE id = ?1 AND generation = ?2 AND current = ?5 AND ended_at IS NULL;
UPDATE session SET used_at = ?3, idle_until = ?4 WHERE id = ?1 AND version = ?2 AND ended_at IS NULL;
UPDATE account SET version = version WHERE id = ?1 AND version = ?2 AND state = 'active';
INSERT INTO audit_record (id, node, account, event, at, body, sealed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0);
