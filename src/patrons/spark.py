"""Spark through Ibis: the session, and what Ibis says otherwise to Spark than our expressions mean it.

The same expressions are worked out as on DuckDB. The few functions that differ are here and nowhere else.
"""

import os
import re
import string
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import pandas as pd
import sqlglot.expressions as sge
from ibis.backends.pyspark import Backend
from ibis.backends.sql.compilers.base import FALSE
from ibis.backends.sql.compilers.pyspark import PySparkCompiler
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import pandas_udf

SETTINGS = {
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.csv.parser.columnPruning.enabled": "false",  # else a line of another width goes unseen
    "spark.sql.files.minPartitionNum": "1",  # files are shared out alike however many executors there are
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",  # a shop's own time, which no clock changes
    "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
}


class Compiler(PySparkCompiler):
    """Our expressions as Spark SQL."""

    def visit_RegexReplace(self, op: Any, *, arg: Any, pattern: Any, replacement: Any) -> Any:
        """A replacement as Java writes it, with $1 for the first group."""
        text = re.sub(r"\\(\d)", r"$\1", op.replacement.value.replace("$", r"\$"))
        return self.f.regexp_replace(arg, pattern, sge.convert(text))

    def visit_TryCast(self, op: Any, *, arg: Any, to: Any) -> Any:
        """A text as a number where it is one to DuckDB too: to Java 12d is 12."""
        cast = super().visit_TryCast(op, arg=arg, to=to)
        if not (op.arg.dtype.is_string() and to.is_floating()):
            return cast
        return self.if_(self.f.rlike(arg, sge.convert("[dDfF]$")), sge.null(), cast)

    def visit_Strip(self, op: Any, *, arg: Any) -> Any:
        """A text without blanks around it; of those that Ibis writes, Spark reads a tab and a form feed as v and f."""
        blanks = [self.f.anon.char(sge.convert(ord(mark))) for mark in string.whitespace]
        return self.f.anon.btrim(arg, self.f.concat(*blanks))

    def visit_IsInf(self, op: Any, *, arg: Any) -> Any:
        """Ibis compares a column with infinity before it is asked, and says that none is."""
        return (
            self.f.abs(arg).eq(self.cast(sge.convert("Infinity"), dt.float64)) if op.arg.dtype.is_floating() else FALSE
        )

    def visit_Round(self, op: Any, *, arg: Any, digits: Any) -> Any:
        """A number to some decimals by the arithmetic of DuckDB; Spark's own looks at its decimal digits."""
        if digits is None or not op.dtype.is_floating():
            return super().visit_Round(op, arg=arg, digits=digits)
        power = sge.convert(10.0**op.digits.value)
        return sge.paren(self.f.round(sge.paren(arg) * power)) / power


class Cluster(Backend):
    """Ibis on Spark."""

    compiler = Compiler()

    @property
    def session(self) -> SparkSession:
        """The session of Spark."""
        return self._session

    def of_frame(self, frame: DataFrame) -> ibis.Table:
        """A data frame of Spark as a table."""
        name = ibis.util.gen_name("frame")
        frame.createTempView(name)
        return self.table(name)

    def frame(self, table: ibis.Table) -> DataFrame:
        """A table as a data frame of Spark, with the small tables of this machine that it is made of."""
        self._run_pre_execute_hooks(table)
        return self.raw_sql(self.compile(table))

    def _create_cached_table(self, name: str, table: ibis.Table) -> ibis.Table:
        """A table that Spark keeps once it is worked out, planned by itself.

        Kept the usual way it would stay a part of the plan of all that is made of it, and is analysed again with each:
        half a minute for the features of a log of 30 lines. Where an executor is lost its part is made anew as usual.
        """
        made = self.frame(table)._jdf
        rows = made.queryExecution().toRdd()
        leaf = self.session._jsparkSession.internalCreateDataFrame(rows, made.schema(), False)
        kept = self._cached_dataframes[name] = DataFrame(leaf, self.session).cache()
        kept.createTempView(name)
        return self.table(name)


def connect(master: str, memory: str, packages: Sequence[str] = ()) -> Cluster:
    """The one session of this process."""
    warnings.filterwarnings("ignore", ".*PySpark does not yet fully support pandas", FutureWarning)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    chosen = {"spark.executor.memory": memory, "spark.driver.memory": memory}
    chosen |= {"spark.jars.packages": ",".join(packages)} if packages else {}
    builder = SparkSession.builder.master(master).appName("patrons")
    session = builder.config(map={**SETTINGS, **chosen}).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    session.udf.register("try_strptime", pandas_udf(_try_strptime, "timestamp_ntz"))
    session.udf.register("strip_accents", pandas_udf(_strip_accents, "string"))
    ibis.pyspark  # noqa: B018 - registers the options of the backend
    return Cluster().connect(session)


def _try_strptime(texts: pd.Series, formats: pd.Series) -> pd.Series:
    """What DuckDB's function says of these texts; the formats are the same for all."""
    import duckdb

    given = pd.DataFrame({"text": texts})  # noqa: F841 - DuckDB finds it by its name
    wanted = [str(each) for each in formats.iloc[0]] if len(formats) else []
    query = "select try_strptime(text, $formats::varchar[])::timestamp as moment from given"
    return duckdb.execute(query, {"formats": wanted}).df().moment


def _strip_accents(texts: pd.Series) -> pd.Series:
    import duckdb

    given = pd.DataFrame({"text": texts})  # noqa: F841 - DuckDB finds it by its name
    return duckdb.sql("select strip_accents(text) as text from given").df().text
