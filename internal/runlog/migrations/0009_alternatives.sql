-- The likeliest tokens at each place of a rollout, where an engine told them: JSON, for each token a list of [text, log-prob].
ALTER TABLE rollouts ADD COLUMN alternatives TEXT;
