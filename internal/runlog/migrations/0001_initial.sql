-- One file holds one run. Tables may change from release to release; the views at the end are
-- the contract with everything that reads a run from outside.

CREATE TABLE runs (
  id         INTEGER PRIMARY KEY CHECK (id = 1),
  run        TEXT NOT NULL,
  started_at TEXT NOT NULL, -- RFC 3339, UTC
  seed       INTEGER NOT NULL,
  model      TEXT NOT NULL,
  recipe     TEXT NOT NULL,
  status     TEXT NOT NULL, -- running, finished, interrupted, failed
  host       TEXT NOT NULL,
  config     TEXT NOT NULL  -- the resolved recipe, YAML
);

-- An undefined metric (no rollout reflected, nothing was clipped because nothing was trained) is NULL.
CREATE TABLE steps (
  step                 INTEGER PRIMARY KEY,
  phase                TEXT NOT NULL,
  reward_mean          REAL,
  reward_std           REAL,
  accuracy             REAL,
  frac_zero_std        REAL,
  length_mean          REAL,
  length_p90           REAL,
  truncated_frac       REAL,
  entropy              REAL,
  kl                   REAL,
  clip_low_frac        REAL,
  clip_high_frac       REAL,
  ratio_max            REAL,
  logp_diff_mean       REAL,
  logp_diff_max        REAL,
  grad_norm            REAL,
  lr                   REAL,
  reflect_frac         REAL,
  reflect_per_rollout  REAL,
  p_correct_reflect    REAL,
  p_correct_no_reflect REAL,
  flips_good           INTEGER,
  flips_bad            INTEGER,
  moe_max_violation    REAL,
  moe_dead             INTEGER,
  tokens               INTEGER,
  sample_s             REAL,
  verify_s             REAL,
  train_s              REAL,
  step_s               REAL
);

CREATE TABLE experts (
  step   INTEGER NOT NULL REFERENCES steps ON DELETE CASCADE,
  layer  INTEGER NOT NULL,
  expert INTEGER NOT NULL,
  load   REAL,
  bias   REAL,
  PRIMARY KEY (step, layer, expert)
) WITHOUT ROWID;

CREATE TABLE evals (
  id          INTEGER PRIMARY KEY,
  step        INTEGER NOT NULL,
  tasks       TEXT NOT NULL,
  n_tasks     INTEGER NOT NULL,
  n_samples   INTEGER NOT NULL,
  temperature REAL NOT NULL,
  UNIQUE (step, tasks, n_tasks, n_samples, temperature)
);

CREATE TABLE eval_metrics (
  eval_id  INTEGER NOT NULL REFERENCES evals ON DELETE CASCADE,
  position INTEGER NOT NULL,
  metric   TEXT NOT NULL,
  value    REAL,
  ci_low   REAL,
  ci_high  REAL,
  PRIMARY KEY (eval_id, position)
) WITHOUT ROWID;

-- All attempts at one task. The prompt is stored once, not with every rollout. Exactly one of
-- step_id and eval_id is set: it says which row owns the group and takes it away.
CREATE TABLE task_groups (
  id         INTEGER PRIMARY KEY,
  step       INTEGER NOT NULL,
  step_id    INTEGER REFERENCES steps ON DELETE CASCADE,
  eval_id    INTEGER REFERENCES evals ON DELETE CASCADE,
  task_id    TEXT NOT NULL,
  kind       TEXT NOT NULL,
  prompt     TEXT NOT NULL,
  prompt_ids BLOB,
  task       TEXT NOT NULL, -- the whole datasets.Task, JSON
  CHECK ((step_id IS NULL) <> (eval_id IS NULL))
);
CREATE INDEX task_groups_step_id ON task_groups (step_id);
CREATE INDEX task_groups_eval_id ON task_groups (eval_id);
CREATE INDEX task_groups_step ON task_groups (step);

CREATE TABLE rollouts (
  id             INTEGER PRIMARY KEY,
  group_id       INTEGER NOT NULL REFERENCES task_groups ON DELETE CASCADE,
  key            TEXT NOT NULL UNIQUE,
  sample         INTEGER NOT NULL,
  response       TEXT NOT NULL, -- valid UTF-8 without NUL; byte offsets as in the original
  tokens         INTEGER NOT NULL,
  stop_reason    TEXT NOT NULL,
  verdict        TEXT NOT NULL,
  format         INTEGER NOT NULL,
  answer         TEXT NOT NULL,
  reason         TEXT NOT NULL,
  passed         INTEGER NOT NULL,
  total          INTEGER NOT NULL,
  reward         REAL,
  advantage      REAL,
  policy_version INTEGER NOT NULL,
  reflections    INTEGER NOT NULL,
  language_mix   REAL,
  mean_logp      REAL,
  ms             REAL,
  response_raw   BLOB, -- the original bytes, where response differs from them
  token_ids      BLOB, -- int32, little endian
  logprobs       BLOB, -- float32, little endian
  entropies      BLOB  -- float32, little endian
);
CREATE INDEX rollouts_group ON rollouts (group_id);

CREATE TABLE reflections (
  rollout_id    INTEGER NOT NULL REFERENCES rollouts ON DELETE CASCADE,
  position      INTEGER NOT NULL,
  "offset"      INTEGER NOT NULL,
  category      TEXT NOT NULL,
  phrase        TEXT NOT NULL,
  answer_before TEXT NOT NULL,
  answer_after  TEXT NOT NULL,
  effect        TEXT NOT NULL,
  PRIMARY KEY (rollout_id, position)
) WITHOUT ROWID;

-- Full-text index. Its content is read back through rollout_text, so the texts are stored once.
CREATE VIEW rollout_text AS
  SELECT r.id AS id, g.prompt AS prompt, r.response AS response
  FROM rollouts r JOIN task_groups g ON g.id = r.group_id;
CREATE VIRTUAL TABLE rollouts_fts USING fts5 (prompt, response, content = 'rollout_text', content_rowid = 'id');

-- The contract.

CREATE VIEW v_runs AS
  SELECT run, started_at, seed, model, recipe, status, host, config FROM runs;

CREATE VIEW v_steps AS
  SELECT runs.run, s.step, s.reward_mean, s.reward_std, s.accuracy, s.frac_zero_std, s.length_mean, s.length_p90,
         s.truncated_frac, s.entropy, s.kl, s.clip_low_frac, s.clip_high_frac, s.ratio_max, s.logp_diff_mean,
         s.logp_diff_max, s.grad_norm, s.lr, s.reflect_frac, s.reflect_per_rollout, s.p_correct_reflect,
         s.p_correct_no_reflect, s.flips_good, s.flips_bad, s.moe_max_violation, s.moe_dead, s.tokens,
         s.sample_s, s.verify_s, s.train_s, s.step_s, s.phase
  FROM steps s CROSS JOIN runs;

CREATE VIEW v_rollouts AS
  SELECT r.key AS id, runs.run, g.step, CASE WHEN g.eval_id IS NULL THEN 'train' ELSE 'eval' END AS phase,
         g.task_id, g.kind, r.sample, g.prompt, r.response, r.tokens, r.stop_reason, r.verdict, r.reward,
         r.advantage, r.policy_version, r.reflections, r.language_mix, r.mean_logp, r.ms,
         r.format, r.answer, r.reason, r.passed, r.total, e.tasks, e.temperature, r.id AS position
  FROM rollouts r JOIN task_groups g ON g.id = r.group_id LEFT JOIN evals e ON e.id = g.eval_id CROSS JOIN runs;

CREATE VIEW v_reflections AS
  SELECT runs.run, g.step, r.key AS rollout_id, f."offset", f.category, f.phrase, f.answer_before, f.answer_after,
         f.effect, CASE WHEN g.eval_id IS NULL THEN 'train' ELSE 'eval' END AS phase
  FROM reflections f JOIN rollouts r ON r.id = f.rollout_id JOIN task_groups g ON g.id = r.group_id CROSS JOIN runs;

CREATE VIEW v_evals AS
  SELECT runs.run, e.step, e.tasks, e.n_tasks, e.n_samples, e.temperature, m.metric, m.value, m.ci_low, m.ci_high
  FROM evals e JOIN eval_metrics m ON m.eval_id = e.id CROSS JOIN runs;

CREATE VIEW v_experts AS
  SELECT runs.run, x.step, x.layer, x.expert, x.load, x.bias FROM experts x CROSS JOIN runs;
