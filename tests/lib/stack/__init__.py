# SPDX-License-Identifier: Apache-2.0
"""A private deb-status in one folder, for the demo and the tests: what tests/stack is made of.

  lifecycle      up and down: the parts in their order
  layout         where things lie in the folder, addresses, the programs' environment
  users          who runs which part, owners and modes of its files
  processes      DIR/pids, starting, waiting and stopping
  configuration  the copy of the configuration, with what is this stack's own replaced
  yaml_text      a YAML file changed in place
  postgres, apache, worker, demo   one module per part; demo has the build host's rsync daemon
"""
