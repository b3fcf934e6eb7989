-- Routing, compiling and what a step cost. NULL in steps recorded before these columns and where an engine does not tell.
ALTER TABLE steps ADD COLUMN routing_agreement REAL;
ALTER TABLE steps ADD COLUMN compilations INTEGER;
ALTER TABLE steps ADD COLUMN useful_share REAL;
ALTER TABLE steps ADD COLUMN train_tokens INTEGER;
ALTER TABLE steps ADD COLUMN sample_flops REAL;
ALTER TABLE steps ADD COLUMN train_flops REAL;
ALTER TABLE steps ADD COLUMN sample_mfu REAL;
ALTER TABLE steps ADD COLUMN train_mfu REAL;
ALTER TABLE steps ADD COLUMN peak_rss REAL;

-- FLOPs a second of float32 matmuls, measured when the run began; NULL where it was not.
ALTER TABLE runs ADD COLUMN peak_flops REAL;

DROP VIEW v_runs;
CREATE VIEW v_runs AS
  SELECT run, started_at, seed, model, recipe, status, host, config, peak_flops FROM runs;

DROP VIEW v_steps;
CREATE VIEW v_steps AS
  SELECT runs.run, s.step, s.reward_mean, s.reward_std, s.accuracy, s.frac_zero_std, s.length_mean, s.length_p90,
         s.truncated_frac, s.entropy, s.kl, s.clip_low_frac, s.clip_high_frac, s.ratio_max, s.logp_diff_mean,
         s.logp_diff_max, s.grad_norm, s.lr, s.reflect_frac, s.reflect_per_rollout, s.p_correct_reflect,
         s.p_correct_no_reflect, s.flips_good, s.flips_bad, s.moe_max_violation, s.moe_dead, s.tokens,
         s.sample_s, s.verify_s, s.train_s, s.step_s, s.phase, s.cpu_s,
         s.staleness, s.is_ratio_mean, s.is_ratio_max, s.is_weight_mean, s.is_capped_frac,
         s.routing_agreement, s.compilations, s.useful_share, s.train_tokens, s.sample_flops, s.train_flops,
         s.sample_mfu, s.train_mfu, s.peak_rss
  FROM steps s CROSS JOIN runs;
