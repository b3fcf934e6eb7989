-- What the pages tell of one rollout beside its text. NULL in rollouts recorded before these columns.
ALTER TABLE rollouts ADD COLUMN stderr TEXT;           -- the end of what a program under test wrote there
ALTER TABLE rollouts ADD COLUMN learned_logprobs BLOB; -- float32, little endian: the trainer's, at the last update that learned from it

DROP VIEW v_rollouts;
CREATE VIEW v_rollouts AS
  SELECT r.key AS id, runs.run, g.step, CASE WHEN g.eval_id IS NULL THEN 'train' ELSE 'eval' END AS phase,
         g.task_id, g.kind, r.sample, g.prompt, r.response, r.tokens, r.stop_reason, r.verdict, r.reward,
         r.advantage, r.policy_version, r.reflections, r.language_mix, r.mean_logp, r.ms,
         r.format, r.answer, r.reason, r.passed, r.total, e.tasks, e.temperature, r.id AS position, g.drawn_at, r.stderr
  FROM rollouts r JOIN task_groups g ON g.id = r.group_id LEFT JOIN evals e ON e.id = g.eval_id CROSS JOIN runs;
