-- What it takes to draw a group again: the seed (int64 with the bits of the uint64) and the training step before which its
-- weights stood. NULL in groups recorded before these columns.
ALTER TABLE task_groups ADD COLUMN seed INTEGER;
ALTER TABLE task_groups ADD COLUMN drawn_at INTEGER;

-- Steps between the weights that drew a batch and those that learn from it, and what the importance correction did.
ALTER TABLE steps ADD COLUMN staleness REAL;
ALTER TABLE steps ADD COLUMN is_ratio_mean REAL;
ALTER TABLE steps ADD COLUMN is_ratio_max REAL;
ALTER TABLE steps ADD COLUMN is_weight_mean REAL;
ALTER TABLE steps ADD COLUMN is_capped_frac REAL;

-- Interventions: chains kept from reflecting, made to reflect, or given a placebo, at the same prefixes.
CREATE TABLE probes (
  id        INTEGER PRIMARY KEY,
  step      INTEGER NOT NULL,
  tasks     TEXT NOT NULL,
  n_tasks   INTEGER NOT NULL, -- looked at
  n_points  INTEGER NOT NULL, -- tasks with a prefix at which the policy reflects
  n_samples INTEGER NOT NULL, -- continuations of each prefix and arm
  seed      INTEGER NOT NULL,
  UNIQUE (step, tasks, n_tasks, n_samples, seed)
);
CREATE TABLE probe_metrics (
  probe_id INTEGER NOT NULL REFERENCES probes ON DELETE CASCADE,
  position INTEGER NOT NULL,
  metric   TEXT NOT NULL,
  value    REAL,
  ci_low   REAL,
  ci_high  REAL,
  PRIMARY KEY (probe_id, position)
) WITHOUT ROWID;

DROP VIEW v_steps;
CREATE VIEW v_steps AS
  SELECT runs.run, s.step, s.reward_mean, s.reward_std, s.accuracy, s.frac_zero_std, s.length_mean, s.length_p90,
         s.truncated_frac, s.entropy, s.kl, s.clip_low_frac, s.clip_high_frac, s.ratio_max, s.logp_diff_mean,
         s.logp_diff_max, s.grad_norm, s.lr, s.reflect_frac, s.reflect_per_rollout, s.p_correct_reflect,
         s.p_correct_no_reflect, s.flips_good, s.flips_bad, s.moe_max_violation, s.moe_dead, s.tokens,
         s.sample_s, s.verify_s, s.train_s, s.step_s, s.phase, s.cpu_s,
         s.staleness, s.is_ratio_mean, s.is_ratio_max, s.is_weight_mean, s.is_capped_frac
  FROM steps s CROSS JOIN runs;

DROP VIEW v_rollouts;
CREATE VIEW v_rollouts AS
  SELECT r.key AS id, runs.run, g.step, CASE WHEN g.eval_id IS NULL THEN 'train' ELSE 'eval' END AS phase,
         g.task_id, g.kind, r.sample, g.prompt, r.response, r.tokens, r.stop_reason, r.verdict, r.reward,
         r.advantage, r.policy_version, r.reflections, r.language_mix, r.mean_logp, r.ms,
         r.format, r.answer, r.reason, r.passed, r.total, e.tasks, e.temperature, r.id AS position, g.drawn_at
  FROM rollouts r JOIN task_groups g ON g.id = r.group_id LEFT JOIN evals e ON e.id = g.eval_id CROSS JOIN runs;

-- How training tasks are answered over the whole run.
CREATE VIEW v_tasks AS
  SELECT runs.run, g.task_id, min(g.kind) AS kind, count(DISTINCT g.id) AS groups, count(*) AS rollouts,
         sum(r.verdict = 'correct') AS correct,
         sum(r.verdict = 'correct') * 1.0 / nullif(sum(r.verdict <> 'error'), 0) AS success_rate, max(g.step) AS last_step
  FROM task_groups g JOIN rollouts r ON r.group_id = g.id CROSS JOIN runs
  WHERE g.step_id IS NOT NULL GROUP BY g.task_id;

CREATE VIEW v_probes AS
  SELECT runs.run, p.step, p.tasks, p.n_tasks, p.n_points, p.n_samples, m.metric, m.value, m.ci_low, m.ci_high
  FROM probes p JOIN probe_metrics m ON m.probe_id = p.id CROSS JOIN runs;
