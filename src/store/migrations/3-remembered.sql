-- Version 3: what is found on the trackers' own records is kept, and what staff and managers say of recurrences.

-- Markers of notes that stand on records, whoever's database knows them.
CREATE TABLE marker (ref TEXT NOT NULL, instance TEXT NOT NULL, word TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (ref, instance, word)) WITHOUT ROWID;
CREATE INDEX marker_word ON marker (word);

-- The records that a tracker is asked for, to see whether it remembers: those changed last.
CREATE INDEX record_newest ON record (tracker, updated DESC, ref) WHERE presence = 'present' AND updated <> 0;

-- What staff and managers say of recurrences, by itself, for its turn or delivery; that a coming back was seen says
-- nothing of it.
ALTER TABLE incident ADD COLUMN recurred_turn INTEGER NOT NULL DEFAULT 0;   -- in which staff said that it recurred
ALTER TABLE incident ADD COLUMN late_acked_turn INTEGER NOT NULL DEFAULT 0; -- in which its late link was seen
ALTER TABLE problem ADD COLUMN recurred INTEGER NOT NULL DEFAULT 0;         -- serial for which a manager said so
UPDATE incident SET late_acked_turn = turn WHERE came_back_acked = 1;

DROP TRIGGER incident_counts_anew;
DROP VIEW weight;
-- As in version 2, but for 64: linked after the delivery and not seen yet, or a recurrence as staff say.
CREATE VIEW weight (ref, class, created, id) AS SELECT r.ref,
  CASE WHEN r.presence IN ('gone', 'merged')
         OR (r.state = 'closed' AND r.outcome IN ('invalid', 'withdrawn', 'duplicate', 'moved')) THEN 0
  ELSE 1 + 2 * (r.state = 'open') + 4 * (r.state = 'waiting')
    + 8 * (r.state = 'closed-unresolved' OR (r.state = 'closed' AND r.outcome IN ('workaround', 'wont-fix',
        'risk-accepted', 'not-reproducible', 'incomplete')))
    + 16 * (r.state = 'resolved' OR (r.state = 'closed' AND r.outcome IN ('fixed', 'unknown', '')))
    + 32 * (i.verdict = 'pending' AND i.was = 'delivered'
        AND (r.state = 'resolved' OR (r.state = 'closed' AND r.outcome IN ('fixed', 'unknown', ''))))
    + 64 * (i.verdict = 'delivered' AND (i.recurred_turn = i.turn
        OR (i.delivered_at > 0 AND i.linked_at > i.delivered_at + 2000 AND i.late_acked_turn <> i.turn)))
  END, r.created, r.id
  FROM record r JOIN incident i ON i.ref = r.ref;
CREATE TRIGGER incident_counts_anew
  AFTER UPDATE OF verdict, was, turn, delivered_at, linked_at, recurred_turn, late_acked_turn ON incident
  WHEN OLD.verdict <> NEW.verdict OR OLD.was <> NEW.was OR OLD.turn <> NEW.turn OR OLD.delivered_at <> NEW.delivered_at
    OR OLD.linked_at <> NEW.linked_at OR OLD.recurred_turn <> NEW.recurred_turn
    OR OLD.late_acked_turn <> NEW.late_acked_turn BEGIN
  UPDATE counted SET class = (SELECT class FROM weight WHERE ref = NEW.ref)
    WHERE ref = NEW.ref AND problem IN (SELECT problem FROM link WHERE ref = NEW.ref AND status = 'confirmed');
END;
UPDATE counted SET class = (SELECT class FROM weight w WHERE w.ref = counted.ref);
