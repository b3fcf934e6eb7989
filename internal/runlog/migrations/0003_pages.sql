-- What the pages ask of a long run, answered without reading its rollouts. Sums are kept by triggers, so that a
-- program that knows schema 2 only and is still writing this run keeps them too.

-- The small columns of a rollout beside each other: a filter over a million rollouts reads these, not the texts.
CREATE INDEX IF NOT EXISTS rollouts_facts ON rollouts (verdict, reflections, tokens, reward, advantage, group_id);
-- One problem over the steps.
CREATE INDEX IF NOT EXISTS task_groups_task ON task_groups (task_id, step);

-- Training rollouts of a step by verdict and by whether they reflect.
CREATE TABLE IF NOT EXISTS step_outcomes (
  step         INTEGER NOT NULL REFERENCES steps ON DELETE CASCADE,
  verdict      TEXT NOT NULL,
  reflects     INTEGER NOT NULL,
  rollouts     INTEGER NOT NULL,
  tokens       INTEGER NOT NULL,
  language_mix REAL NOT NULL, -- sum
  PRIMARY KEY (step, verdict, reflects)
) WITHOUT ROWID;

-- Reflections in the training rollouts of a step by phrase, in lower case.
CREATE TABLE IF NOT EXISTS step_phrases (
  step     INTEGER NOT NULL REFERENCES steps ON DELETE CASCADE,
  category TEXT NOT NULL,
  phrase   TEXT NOT NULL,
  n        INTEGER NOT NULL,
  good     INTEGER NOT NULL,
  bad      INTEGER NOT NULL,
  PRIMARY KEY (step, category, phrase)
) WITHOUT ROWID;

INSERT OR REPLACE INTO step_outcomes
  SELECT g.step_id, r.verdict, r.reflections > 0, count(*), sum(r.tokens), coalesce(sum(r.language_mix), 0)
  FROM rollouts r JOIN task_groups g ON g.id = r.group_id WHERE g.step_id IS NOT NULL GROUP BY 1, 2, 3;

INSERT OR REPLACE INTO step_phrases
  SELECT g.step_id, f.category, lower(f.phrase), count(*), sum(f.effect = 'good'), sum(f.effect = 'bad')
  FROM reflections f JOIN rollouts r ON r.id = f.rollout_id JOIN task_groups g ON g.id = r.group_id
  WHERE g.step_id IS NOT NULL GROUP BY 1, 2, 3;

CREATE TRIGGER IF NOT EXISTS rollouts_sum AFTER INSERT ON rollouts
BEGIN
  INSERT INTO step_outcomes (step, verdict, reflects, rollouts, tokens, language_mix)
    SELECT step_id, NEW.verdict, NEW.reflections > 0, 1, NEW.tokens, coalesce(NEW.language_mix, 0)
    FROM task_groups WHERE id = NEW.group_id AND step_id IS NOT NULL
    ON CONFLICT DO UPDATE SET rollouts = rollouts + 1, tokens = tokens + excluded.tokens,
      language_mix = language_mix + excluded.language_mix;
END;

CREATE TRIGGER IF NOT EXISTS reflections_sum AFTER INSERT ON reflections
BEGIN
  INSERT INTO step_phrases (step, category, phrase, n, good, bad)
    SELECT g.step_id, NEW.category, lower(NEW.phrase), 1, NEW.effect = 'good', NEW.effect = 'bad'
    FROM rollouts r JOIN task_groups g ON g.id = r.group_id WHERE r.id = NEW.rollout_id AND g.step_id IS NOT NULL
    ON CONFLICT DO UPDATE SET n = n + 1, good = good + excluded.good, bad = bad + excluded.bad;
END;
