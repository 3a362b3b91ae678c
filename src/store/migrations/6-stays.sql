-- Version 6: when a record left its queue, and what the reports ask of all records, in indexes.

-- A record that left its queue, ever was closed unresolved, or is solved; of those that count. Kept by the triggers below
-- alone. 0: not so. left_at is the beginning of the present absence: what is closed unresolved and then resolved left once.
CREATE TABLE stay (ref TEXT PRIMARY KEY, kind TEXT NOT NULL, left_at INTEGER NOT NULL, unresolved_at INTEGER NOT NULL,
  solved_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX stay_left ON stay (kind, left_at) WHERE left_at <> 0;
CREATE INDEX stay_unresolved ON stay (unresolved_at, solved_at) WHERE kind = 'incident' AND unresolved_at <> 0;

CREATE VIEW staying (ref, kind, counts, away, unresolved, solved, at) AS SELECT r.ref, r.kind,
  r.presence NOT IN ('gone', 'merged') AND r.excluded = 0
    AND NOT (r.state = 'closed' AND r.outcome IN ('invalid', 'withdrawn', 'duplicate', 'moved')),
  CASE WHEN r.kind = 'incident' THEN r.state IN ('closed-unresolved', 'resolved', 'closed')
    ELSE r.state IN ('released', 'closed-unresolved') OR (r.state = 'closed' AND r.outcome NOT IN ('', 'unknown')) END,
  r.state = 'closed-unresolved' OR (r.state = 'closed'
    AND r.outcome IN ('workaround', 'wont-fix', 'risk-accepted', 'not-reproducible', 'incomplete')),
  r.state IN ('resolved', 'released') OR (r.state = 'closed' AND (r.outcome = 'fixed'
    OR (r.kind = 'incident' AND r.outcome IN ('', 'unknown')))),
  CASE WHEN r.state_at > 0 THEN r.state_at ELSE max(r.updated, 1) END
  FROM record r;

-- A record is put as a whole (INSERT OR REPLACE), so what these say of conflicts would not be heard.
CREATE TRIGGER stay_seen AFTER INSERT ON record BEGIN
  INSERT INTO stay SELECT s.ref, s.kind, 0, 0, 0 FROM staying s WHERE s.ref = NEW.ref AND s.counts AND s.away
    AND NOT EXISTS (SELECT 1 FROM stay x WHERE x.ref = NEW.ref);
  UPDATE stay SET left_at = CASE WHEN NOT s.away THEN 0 WHEN left_at = 0 THEN s.at ELSE left_at END,
    unresolved_at = CASE WHEN unresolved_at = 0 AND s.unresolved THEN s.at ELSE unresolved_at END,
    solved_at = CASE WHEN NOT s.solved THEN 0 WHEN solved_at = 0 THEN s.at ELSE solved_at END
    FROM staying s WHERE s.ref = NEW.ref AND stay.ref = NEW.ref;
  DELETE FROM stay WHERE ref = NEW.ref AND NOT (SELECT counts FROM staying s WHERE s.ref = NEW.ref);
END;
CREATE TRIGGER stay_changed AFTER UPDATE OF state, outcome, presence, excluded ON record BEGIN
  INSERT INTO stay SELECT s.ref, s.kind, 0, 0, 0 FROM staying s WHERE s.ref = NEW.ref AND s.counts AND s.away
    AND NOT EXISTS (SELECT 1 FROM stay x WHERE x.ref = NEW.ref);
  UPDATE stay SET left_at = CASE WHEN NOT s.away THEN 0 WHEN left_at = 0 THEN s.at ELSE left_at END,
    unresolved_at = CASE WHEN unresolved_at = 0 AND s.unresolved THEN s.at ELSE unresolved_at END,
    solved_at = CASE WHEN NOT s.solved THEN 0 WHEN solved_at = 0 THEN s.at ELSE solved_at END
    FROM staying s WHERE s.ref = NEW.ref AND stay.ref = NEW.ref;
  DELETE FROM stay WHERE ref = NEW.ref AND NOT (SELECT counts FROM staying s WHERE s.ref = NEW.ref);
END;

INSERT INTO stay SELECT ref, kind, at, at * unresolved, at * solved FROM staying WHERE counts AND away;
UPDATE stay SET unresolved_at = e.at FROM (SELECT ref, min(settled) AS at FROM effect WHERE kind = 'state'
  AND state = 'done' AND settled > 0 AND json_extract(want, '$.state') = 'closed-unresolved' GROUP BY ref) e
  WHERE e.ref = stay.ref AND stay.unresolved_at = 0;

CREATE INDEX record_reported ON record (kind, state, presence, outcome, tracker, service, priority, assignee, created,
  updated, state_at);
CREATE INDEX link_defects ON link (problem, ref) WHERE kind = 'defect' AND status = 'confirmed';
CREATE INDEX effect_done ON effect (settled, ref, attempts, created) WHERE state = 'done' AND adopted = 0;
-- What told a customer that it is fixed.
CREATE INDEX effect_told ON effect (settled, ref, turn) WHERE kind = 'note' AND state = 'done' AND adopted = 0
  AND json_extract(want, '$.note') = 'fixed' AND json_extract(want, '$.visibility') = 'public';
-- The outcomes of incidents, without all else that is remembered of them.
CREATE INDEX incident_said ON incident (ref, outcome_set, outcome);
