from bulkimport.cli.defects import as_error


def test_the_innermost_error_is_named_with_its_place() -> None:
    try:
        raise ZeroDivisionError("a defect")
    except ZeroDivisionError as error:
        message = as_error(ExceptionGroup("outer", [ExceptionGroup("inner", [error])])).message
    assert message.startswith("bulkimport itself failed: ZeroDivisionError at test_defects.py:6: a defect")


def test_one_that_was_never_raised_has_no_place() -> None:
    assert as_error(ValueError("odd")).message == "bulkimport itself failed: ValueError: odd"
