"""Whether a config's datasets are in order, as the journal knows it: what makes a success a recovery.

Looking at the last run alone would not do: a run of two datasets that succeeds does not cure the third.
"""

from bulkimport.identity import tenant_key
from bulkimport.journal import Journal
from bulkimport.model import Config, RunStatus


async def is_troubled(journal: Journal, config: Config) -> bool:
    """Whether an enabled dataset last ended without success."""
    tenant = tenant_key(config)
    for dataset in config.datasets:
        last = await journal.last_outcome(tenant, dataset.dataset_id) if dataset.enabled else None
        if last is not None and not last.status.is_success:
            return True
    return False


async def was_troubled(journal: Journal, config: Config, config_key: str) -> bool:
    """The same before a run: also where the last run of this config has not succeeded for another reason."""
    last = await journal.latest_run(config_key, commands=("run", "resume", "failed"))
    ended_badly = last is not None and last.status in (RunStatus.FAILED, RunStatus.INTERRUPTED)
    return ended_badly or await is_troubled(journal, config)
