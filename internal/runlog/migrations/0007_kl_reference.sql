-- How far the policy has gone from the model that the run began with. NULL in steps recorded before this column, and where no
-- such model is kept (grpo.kl 0).
ALTER TABLE steps ADD COLUMN kl_reference REAL;

DROP VIEW v_steps;
CREATE VIEW v_steps AS
  SELECT runs.run, s.step, s.reward_mean, s.reward_std, s.accuracy, s.frac_zero_std, s.length_mean, s.length_p90,
         s.truncated_frac, s.entropy, s.kl, s.clip_low_frac, s.clip_high_frac, s.ratio_max, s.logp_diff_mean,
         s.logp_diff_max, s.grad_norm, s.lr, s.reflect_frac, s.reflect_per_rollout, s.p_correct_reflect,
         s.p_correct_no_reflect, s.flips_good, s.flips_bad, s.moe_max_violation, s.moe_dead, s.tokens,
         s.sample_s, s.verify_s, s.train_s, s.step_s, s.phase, s.cpu_s,
         s.staleness, s.is_ratio_mean, s.is_ratio_max, s.is_weight_mean, s.is_capped_frac,
         s.routing_agreement, s.compilations, s.useful_share, s.train_tokens, s.sample_flops, s.train_flops,
         s.sample_mfu, s.train_mfu, s.peak_rss, s.kl_reference
  FROM steps s CROSS JOIN runs;
