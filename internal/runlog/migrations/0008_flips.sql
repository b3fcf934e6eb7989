-- Reflections that changed the answer's worth are few: this index holds only them.
CREATE INDEX IF NOT EXISTS reflections_flips ON reflections (effect, rollout_id) WHERE effect IN ('good', 'bad');
