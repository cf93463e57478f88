// SPDX-License-Identifier: Apache-2.0
/*
 * What a file that leaves a setting out gets if that is a choice and no fact: the first user's,
 * OpenStack in Debian. As YAML, as a file would say it. No rule of the code knows any of it.
 */
#ifndef CORE_CONFIG_DEFAULTS_H
#define CORE_CONFIG_DEFAULTS_H

#define DEFAULT_TITLE      "OpenStack in Debian"
#define DEFAULT_REPOSITORY "https://opendev.org/openstack/releases"
#define DEFAULT_BRANCH     "master"
#define DEFAULT_TEAM                                                                               \
    "{maintainer: team+openstack@tracker.debian.org, vcs: salsa.debian.org/openstack-team/}"
#define DEFAULT_PREFIXES "[python-, openstack-]"
#define DEFAULT_EITHER   "{puppet-: puppet-module-}"

#endif
