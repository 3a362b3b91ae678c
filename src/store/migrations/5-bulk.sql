-- Version 5: what an import asks for each of many thousand records is answered from indexes, too.

-- What was merged into a record that is seen for the first time.
CREATE INDEX record_merged ON record (tracker, merged_into) WHERE presence = 'merged';

-- What has to be read next, by tracker (the ref up to its colon).
DROP INDEX lookup_next;
CREATE INDEX lookup_next ON lookup (substr(ref, 1, instr(ref, ':')), next, ref);

-- What is on its way behind one problem.
CREATE INDEX effect_leaving ON effect (problem) WHERE problem <> 0 AND state IN ('pending', 'in-flight', 'unsure');
