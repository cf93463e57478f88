// SPDX-License-Identifier: Apache-2.0
/* The settings of deb-status.yaml: one row each. Mirrors, senders and series have tables of their
 * own beside their parsers. */
#include "core/config/defaults.h"
#include "core/config/reader.h"

#define FIELD(name) offsetof(struct config, name)
#define BOTH        (PART_HOOK | PART_PAGES)

const struct setting config_settings[] = {
    {"database", parse_text, FIELD(database), "dbname=deb-status", BOTH,
     "libpq connection string; without user each program adds its own role"},
    {"database-read", parse_text, FIELD(database_read), NULL, PART_PAGES, "a standby, for pages"},
    {"data", parse_path, FIELD(data), "/var/lib/deb-status", 0,
     "the releases repository and apt's state"},
    {"site.title", parse_text, FIELD(site_title), DEFAULT_TITLE, BOTH, "title of the pages"},
    {"site.url", parse_url, FIELD(site_url), "http://localhost/deb-status", BOTH,
     "address of the pages, as people reach them"},
    {"upstream.repository", parse_location, FIELD(upstream.repository), DEFAULT_REPOSITORY, 0,
     "where upstream's releases are read from"},
    {"upstream.branch", parse_text, FIELD(upstream.branch), DEFAULT_BRANCH, 0, "its branch"},
    {"upstream.refresh", parse_duration, FIELD(upstream.refresh_s), "15m", 0,
     "how often it is looked at"},
    {"archives.refresh", parse_duration, FIELD(archives_refresh_s), "30m", 0,
     "how often Debian's suites and the mirrors are looked at"},
    {"archives.keyring", parse_path, FIELD(archives_keyring),
     "/usr/share/keyrings/debian-archive-keyring.gpg", 0, "keys of apt lines without signed-by"},
    {"team", parse_teams_main, 0, DEFAULT_TEAM, 0, "whose source packages count as matches"},
    {"suites", parse_suites, 0, NULL, 0, "targets named once, as apt lines"},
    {"publish.root", parse_path, FIELD(publish_root), NULL, 0, "folder of the central archive"},
    {"publish.url", parse_url, FIELD(publish_url), NULL, 0, "its address"},
    {"publish.grace", parse_duration, FIELD(publish_grace_s), "24h", 0,
     "how long files stay that no index names any more"},
    {"publish.sign-with", parse_path, FIELD(publish_sign_with), NULL, 0,
     "a file with one unprotected secret key"},
    {"mirror-defaults", parse_mirror_defaults, 0, NULL, 0,
     "settings of every mirror; {name} is its name"},
    {"mirrors", parse_mirrors, 0, NULL, 0, "build hosts whose suites are published"},
    {"senders", parse_senders, 0, NULL, PART_HOOK, "who may POST"},
    {"worker.jobs", parse_count, FIELD(worker_jobs), "4", 0, "jobs at a time"},
    {"worker.lease", parse_duration, FIELD(worker_lease_s), "30s", 0,
     "after that a silent worker's job runs again"},
    {"worker.attempts", parse_count, FIELD(worker_attempts), "5", 0,
     "tries before a job has failed"},
    {"worker.backoff", parse_duration, FIELD(worker_backoff_s), "5s", 0,
     "pause before the second try; later ones are longer"},
    {"queue.keep-jobs", parse_duration, FIELD(keep_jobs_s), "90d", 0,
     "how long done, cancelled and superseded jobs are kept"},
    {"queue.keep-deliveries", parse_duration, FIELD(keep_deliveries_s), "30d", 0,
     "how long a delivery's id is remembered"},
    {"naming.prefixes", parse_prefixes, FIELD(naming.prefixes), DEFAULT_PREFIXES, 0,
     "what a source package's name may have before the project's, or lack: each is added or "
     "dropped"},
    {"naming.either", parse_either, FIELD(naming.either), DEFAULT_EITHER, 0,
     "prefixes of which one stands in the other's place; such a name has no other form"},
    {"names", parse_names, FIELD(names), NULL, 0, "source packages that the rules do not find"},
    {"mask", parse_masks_main, 0, NULL, 0, "what is deliberately not packaged, in all series"},
    {0},
};
