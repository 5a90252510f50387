"""The rules and the measuring: proposals as YAML, fairness measures, verdicts, playbooks."""
