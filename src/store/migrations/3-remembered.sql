-- Version 3: what was found on the trackers' own records outlives what a database remembers.

-- Markers of notes that stand on records, whoever's database knows them.
CREATE TABLE marker (ref TEXT NOT NULL, instance TEXT NOT NULL, word TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (ref, instance, word)) WITHOUT ROWID;
CREATE INDEX marker_word ON marker (word);

-- The records that a tracker is asked for, to see whether it remembers: those changed last.
CREATE INDEX record_newest ON record (tracker, updated DESC, ref) WHERE presence = 'present' AND updated <> 0;
