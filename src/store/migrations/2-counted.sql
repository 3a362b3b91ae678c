-- Version 2: what every turn of the loop asks is answered from indexes, whatever the number of records.

-- What may leave or has to be looked for, by tracker (the ref up to its colon), batch and time.
CREATE INDEX effect_ready ON effect (substr(ref, 1, instr(ref, ':')), batch, not_before, n)
  WHERE state IN ('pending', 'in-flight', 'unsure');
CREATE INDEX due_batch ON due (batch) WHERE batch <> 0;

-- How an incident counts, in bits: 1 at all, 2 open, 4 waiting, 8 closed-unresolved, 16 solved (as incident_class()),
-- 32 the fix did not hold, 64 linked after the delivery. 0: nowhere.
CREATE VIEW weight (ref, class, created, id) AS SELECT r.ref,
  CASE WHEN r.presence IN ('gone', 'merged')
         OR (r.state = 'closed' AND r.outcome IN ('invalid', 'withdrawn', 'duplicate', 'moved')) THEN 0
  ELSE 1 + 2 * (r.state = 'open') + 4 * (r.state = 'waiting')
    + 8 * (r.state = 'closed-unresolved' OR (r.state = 'closed' AND r.outcome IN ('workaround', 'wont-fix',
        'risk-accepted', 'not-reproducible', 'incomplete')))
    + 16 * (r.state = 'resolved' OR (r.state = 'closed' AND r.outcome IN ('fixed', 'unknown', '')))
    + 32 * (i.verdict = 'pending' AND i.was = 'delivered'
        AND (r.state = 'resolved' OR (r.state = 'closed' AND r.outcome IN ('fixed', 'unknown', ''))))
    + 64 * (i.verdict = 'delivered' AND i.delivered_at > 0 AND i.linked_at > i.delivered_at + 2000
        AND i.came_back_acked = 0)
  END, r.created, r.id
  FROM record r JOIN incident i ON i.ref = r.ref;

-- The confirmed incidents of each problem with how they count, and the sums: kept by the triggers below alone.
CREATE TABLE counted (problem INTEGER NOT NULL, ref TEXT NOT NULL, class INTEGER NOT NULL, created INTEGER NOT NULL,
  id TEXT NOT NULL, PRIMARY KEY (problem, ref)) WITHOUT ROWID;
CREATE INDEX counted_newest ON counted (problem, created DESC, length(id) DESC, id DESC, ref) WHERE class <> 0;
CREATE TABLE tally (problem INTEGER PRIMARY KEY, total INTEGER NOT NULL DEFAULT 0, open INTEGER NOT NULL DEFAULT 0,
  waiting INTEGER NOT NULL DEFAULT 0, closed_unresolved INTEGER NOT NULL DEFAULT 0, solved INTEGER NOT NULL DEFAULT 0,
  did_not_hold INTEGER NOT NULL DEFAULT 0, late INTEGER NOT NULL DEFAULT 0);

CREATE TRIGGER counted_came AFTER INSERT ON counted BEGIN
  INSERT INTO tally (problem) SELECT NEW.problem WHERE NOT EXISTS (SELECT 1 FROM tally WHERE problem = NEW.problem);
  UPDATE tally SET total = total + (NEW.class & 1), open = open + (NEW.class >> 1 & 1),
    waiting = waiting + (NEW.class >> 2 & 1), closed_unresolved = closed_unresolved + (NEW.class >> 3 & 1),
    solved = solved + (NEW.class >> 4 & 1), did_not_hold = did_not_hold + (NEW.class >> 5 & 1),
    late = late + (NEW.class >> 6 & 1) WHERE problem = NEW.problem;
END;
CREATE TRIGGER counted_changed AFTER UPDATE OF class ON counted WHEN OLD.class <> NEW.class BEGIN
  UPDATE tally SET total = total + (NEW.class & 1) - (OLD.class & 1),
    open = open + (NEW.class >> 1 & 1) - (OLD.class >> 1 & 1),
    waiting = waiting + (NEW.class >> 2 & 1) - (OLD.class >> 2 & 1),
    closed_unresolved = closed_unresolved + (NEW.class >> 3 & 1) - (OLD.class >> 3 & 1),
    solved = solved + (NEW.class >> 4 & 1) - (OLD.class >> 4 & 1),
    did_not_hold = did_not_hold + (NEW.class >> 5 & 1) - (OLD.class >> 5 & 1),
    late = late + (NEW.class >> 6 & 1) - (OLD.class >> 6 & 1) WHERE problem = NEW.problem;
END;
CREATE TRIGGER counted_went AFTER DELETE ON counted BEGIN
  UPDATE tally SET total = total - (OLD.class & 1), open = open - (OLD.class >> 1 & 1),
    waiting = waiting - (OLD.class >> 2 & 1), closed_unresolved = closed_unresolved - (OLD.class >> 3 & 1),
    solved = solved - (OLD.class >> 4 & 1), did_not_hold = did_not_hold - (OLD.class >> 5 & 1),
    late = late - (OLD.class >> 6 & 1) WHERE problem = OLD.problem;
END;

CREATE TRIGGER link_came AFTER INSERT ON link WHEN NEW.kind = 'incident' AND NEW.status = 'confirmed' BEGIN
  INSERT INTO counted SELECT NEW.problem, NEW.ref, class, created, id FROM weight WHERE ref = NEW.ref;
END;
CREATE TRIGGER link_changed AFTER UPDATE ON link WHEN NEW.kind = 'incident' AND OLD.status <> NEW.status BEGIN
  DELETE FROM counted WHERE problem = NEW.problem AND ref = NEW.ref;
  INSERT INTO counted SELECT NEW.problem, NEW.ref, class, created, id FROM weight
    WHERE ref = NEW.ref AND NEW.status = 'confirmed';
END;
CREATE TRIGGER link_went AFTER DELETE ON link WHEN OLD.kind = 'incident' BEGIN
  DELETE FROM counted WHERE problem = OLD.problem AND ref = OLD.ref;
END;

-- A record is put as a whole (INSERT OR REPLACE), a few columns of it are updated besides.
CREATE TRIGGER record_counts AFTER INSERT ON record WHEN NEW.kind = 'incident' BEGIN
  UPDATE counted SET (class, created) = (SELECT class, created FROM weight WHERE ref = NEW.ref)
    WHERE ref = NEW.ref AND problem IN (SELECT problem FROM link WHERE ref = NEW.ref AND status = 'confirmed')
    AND (class, created) IS NOT (SELECT class, created FROM weight WHERE ref = NEW.ref);
END;
CREATE TRIGGER record_counts_anew AFTER UPDATE OF state, outcome, presence, created ON record
  WHEN NEW.kind = 'incident' BEGIN
  UPDATE counted SET (class, created) = (SELECT class, created FROM weight WHERE ref = NEW.ref)
    WHERE ref = NEW.ref AND problem IN (SELECT problem FROM link WHERE ref = NEW.ref AND status = 'confirmed');
END;
CREATE TRIGGER incident_counts AFTER INSERT ON incident BEGIN
  INSERT INTO counted SELECT l.problem, l.ref, w.class, w.created, w.id FROM link l JOIN weight w ON w.ref = l.ref
    WHERE l.ref = NEW.ref AND l.status = 'confirmed' AND l.kind = 'incident'
    AND NOT EXISTS (SELECT 1 FROM counted c WHERE c.problem = l.problem AND c.ref = l.ref);
END;
CREATE TRIGGER incident_counts_anew AFTER UPDATE OF verdict, was, delivered_at, linked_at, came_back_acked ON incident
  WHEN OLD.verdict <> NEW.verdict OR OLD.was <> NEW.was OR OLD.delivered_at <> NEW.delivered_at
    OR OLD.linked_at <> NEW.linked_at OR OLD.came_back_acked <> NEW.came_back_acked BEGIN
  UPDATE counted SET class = (SELECT class FROM weight WHERE ref = NEW.ref)
    WHERE ref = NEW.ref AND problem IN (SELECT problem FROM link WHERE ref = NEW.ref AND status = 'confirmed');
END;
INSERT INTO counted SELECT l.problem, l.ref, w.class, w.created, w.id FROM link l JOIN weight w ON w.ref = l.ref
  WHERE l.kind = 'incident' AND l.status = 'confirmed';

-- What a batch would tell and move, while it waits: counted as its effects come and go.
CREATE TRIGGER batch_grows AFTER INSERT ON effect
  WHEN NEW.batch <> 0 AND NEW.state = 'pending' AND NEW.kind IN ('note', 'state') BEGIN
  UPDATE batch SET moves = moves + (NEW.kind = 'state'),
    tells = tells + (NEW.kind = 'note' AND coalesce(json_extract(NEW.want, '$.visibility') = 'public', 0)
      AND NOT EXISTS (SELECT 1 FROM effect x WHERE x.ref = NEW.ref AND x.batch = NEW.batch AND x.kind = 'note'
        AND x.state = 'pending' AND x.n <> NEW.n AND json_extract(x.want, '$.visibility') = 'public'))
    WHERE id = NEW.batch AND state <> 'released';
END;
CREATE TRIGGER batch_shrinks AFTER UPDATE OF state ON effect
  WHEN NEW.batch <> 0 AND OLD.state = 'pending' AND NEW.state <> 'pending' AND NEW.kind IN ('note', 'state') BEGIN
  UPDATE batch SET moves = moves - (NEW.kind = 'state'),
    tells = tells - (NEW.kind = 'note' AND coalesce(json_extract(NEW.want, '$.visibility') = 'public', 0)
      AND NOT EXISTS (SELECT 1 FROM effect x WHERE x.ref = NEW.ref AND x.batch = NEW.batch AND x.kind = 'note'
        AND x.state = 'pending' AND x.n <> NEW.n AND json_extract(x.want, '$.visibility') = 'public'))
    WHERE id = NEW.batch AND state <> 'released';
END;
UPDATE batch SET tells = (SELECT count(DISTINCT ref) FROM effect WHERE batch = batch.id AND kind = 'note'
    AND state = 'pending' AND json_extract(want, '$.visibility') = 'public'),
  moves = (SELECT count(*) FROM effect WHERE batch = batch.id AND kind = 'state' AND state = 'pending')
  WHERE state <> 'released';

-- Incidents whose links have to be looked at anew, because what their evidence names has changed for all of them.
CREATE TABLE relink (ref TEXT PRIMARY KEY, adopt INTEGER NOT NULL) WITHOUT ROWID;
