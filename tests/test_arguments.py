"""What the command line makes of the texts that it is given."""

from __future__ import annotations

import pytest

from cnnexplain.arguments import columns
from cnnexplain.table import Column
from cnnexplain.targets import UsageError


def test_columns_are_those_of_the_table_in_the_order_that_is_asked_for() -> None:
    assert columns(None) == {}
    every = [column.value for column in Column]
    assert columns(" , ".join(reversed(every))) == {"columns": tuple(reversed(Column))}


def test_a_column_that_no_table_has_is_refused_with_the_option_that_named_it() -> None:
    with pytest.raises(UsageError) as caught:
        columns("name,colour")
    assert str(caught.value).splitlines()[1:] == [
        "received: --columns 'name,colour'",
        "cure: write for example --columns name,output_shape,formula",
    ]
