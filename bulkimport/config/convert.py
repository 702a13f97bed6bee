"""Checked pydantic models → the frozen values that the rest of the program knows."""

from bulkimport import model
from bulkimport.config.fields import extract_origin, typed_value
from bulkimport.config.models import (
    DatasetBlock,
    ExtractDateBlock,
    FieldBlock,
    GuardsBlock,
    ImportBlock,
    MainFile,
    PollBlock,
    RetriesBlock,
    RunBlock,
)
from bulkimport.config.paths import absolute
from bulkimport.config.source_convert import source


def config(
    path: str, directory: str, main: MainFile, tenant: model.Tenant, datasets: list[model.Dataset]
) -> model.Config:
    """`path` is the main file as the user named it, `directory` the absolute one that it lies in."""
    limits, timeouts = main.limits, main.timeouts
    return model.Config(
        path=path,
        tenant=tenant,
        limits=model.Limits(limits.requests_per_second, limits.concurrent_requests, limits.requests_per_day),
        timeouts=model.Timeouts(timeouts.connect, timeouts.read),
        retries=_retries(main.retries),
        run=_run(main.run, directory),
        datasets=tuple(datasets),
    )


def dataset(block: DatasetBlock, directory: str) -> model.Dataset:
    """`directory` is the absolute one of the file that holds the dataset."""
    return model.Dataset(
        name=block.name,
        dataset_id=block.dataset_id,
        source=source(block.source, directory),
        key=tuple(block.key),
        payload=block.payload,
        fields=_fields(block),
        extra_columns=block.extra_columns,
        trim=block.trim,
        null_values=tuple(block.null_values),
        blanks=block.blanks,
        import_options=_import_options(block.import_options),
        guards=_guards(block.guards, block.key),
        poll=_poll(block.poll),
        extract_date=_extract_date(block.extract_date),
        depends_on=tuple(dict.fromkeys(block.depends_on)),
        tags=tuple(dict.fromkeys(block.tags)),
        enabled=block.enabled,
    )


def _retries(block: RetriesBlock) -> model.Retries:
    max_wait = block.max_wait if "max_wait" in block.model_fields_set else min(block.max_wait, block.total)
    return model.Retries(block.attempts, max_wait, block.total)


def _run(block: RunBlock, directory: str) -> model.RunOptions:
    state_dir = None if block.state_dir is None else absolute(directory, block.state_dir)
    return model.RunOptions(
        block.max_parallel_datasets, state_dir, block.fail_fast, block.keep_runs, block.same_extract_date
    )


def _extract_date(block: ExtractDateBlock | None) -> model.ExtractDate | None:
    if block is None:
        return None
    return model.ExtractDate(extract_origin(block), block.pattern, block.column, block.format)


def _poll(block: PollBlock) -> model.Poll:
    """Where only some of the three are written, the defaults of the others give way to them."""
    written = block.model_fields_set
    longest = block.max if "max" in written else min(block.max, block.timeout)
    if "initial" in written:
        longest = max(longest, block.initial)
    initial = block.initial if "initial" in written else min(block.initial, longest)
    timeout = block.timeout if "timeout" in written else max(block.timeout, longest)
    return model.Poll(initial, longest, timeout, learns="initial" not in written)


def _fields(block: DatasetBlock) -> tuple[model.Field, ...] | None:
    if block.fields is None:
        return None
    return tuple(_field(name, field or FieldBlock.model_construct(), block) for name, field in block.fields.items())


def _field(name: str, field: FieldBlock, block: DatasetBlock) -> model.Field:
    imports = block.import_options
    first, *joined = field.source_columns or [name]
    trim, null_values = field.trim, field.null_values
    return model.Field(
        name,
        first,
        field.type,
        field.format,
        typed_value(field.default, field, imports),
        joined=tuple(joined),
        separator=field.separator,
        is_constant="value" in field.model_fields_set,
        constant=typed_value(field.value, field, imports),
        trim=block.trim if trim is None else trim,
        null_values=tuple(block.null_values if null_values is None else null_values),
        value_map=tuple((text, typed_value(value, field, imports)) for text, value in (field.value_map or {}).items()),
        unmapped=field.unmapped,
    )


def _import_options(block: ImportBlock) -> model.ImportOptions:
    by_other = block.id_key is not None or block.merge_key is not None
    return model.ImportOptions(
        implicit_delete=block.implicit_delete,
        auto_id=block.auto_id if block.auto_id is not None else not by_other,
        id_key=block.id_key,
        merge_key=block.merge_key,
        date_format=block.date_format,
        on_property_access_denied=block.on_property_access_denied,
        on_item_access_denied=block.on_item_access_denied,
        on_action_validation_failure=block.on_action_validation_failure,
        noop_token=block.noop_token,
        clear_token=block.clear_token,
    )


def _guards(block: GuardsBlock, key: list[str]) -> model.Guards:
    return model.Guards(
        min_rows=block.min_rows,
        max_rows=block.max_rows,
        max_delete_rows=block.max_delete_rows,
        max_delete_percent=block.max_delete_percent,
        max_create_percent=block.max_create_percent,
        max_update_percent=block.max_update_percent,
        duplicates=block.duplicates,
        required=tuple(dict.fromkeys(key if block.required is None else block.required)),
        allow_item_errors=block.allow_item_errors,
        dangling_links=block.dangling_links,
        baseline=block.baseline,
    )
