-- The last job of a kind (of a mirror) without looking at all of them: /metrics is anybody's to ask.
create index jobs_last on jobs (kind, what, ended desc) where ended is not null;
