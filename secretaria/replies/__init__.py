"""From a due turn to a decided reply: policy, draft, guards, wording."""
