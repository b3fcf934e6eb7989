-- Processor time of a step, all threads together; NULL in steps recorded before this column, and where the system does not tell.
ALTER TABLE steps ADD COLUMN cpu_s REAL;

DROP VIEW v_steps;
CREATE VIEW v_steps AS
  SELECT runs.run, s.step, s.reward_mean, s.reward_std, s.accuracy, s.frac_zero_std, s.length_mean, s.length_p90,
         s.truncated_frac, s.entropy, s.kl, s.clip_low_frac, s.clip_high_frac, s.ratio_max, s.logp_diff_mean,
         s.logp_diff_max, s.grad_norm, s.lr, s.reflect_frac, s.reflect_per_rollout, s.p_correct_reflect,
         s.p_correct_no_reflect, s.flips_good, s.flips_bad, s.moe_max_violation, s.moe_dead, s.tokens,
         s.sample_s, s.verify_s, s.train_s, s.step_s, s.phase, s.cpu_s
  FROM steps s CROSS JOIN runs;
