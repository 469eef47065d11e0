//! Every statement of the log keyspace, prepared once.

use scylla::client::session::Session;
use scylla::statement::Consistency;
use scylla::statement::prepared::PreparedStatement;

use super::failure::CqlFailure;
use super::limits::PAGE_ROWS;

/// Statements of the index tables.
pub struct IndexStatements {
    pub add_awake: PreparedStatement,
    pub remove_awake: PreparedStatement,
    pub awake_of_shard: PreparedStatement,
    pub awake_of_one: PreparedStatement,
    pub add_by_customer: PreparedStatement,
    pub remove_by_customer: PreparedStatement,
    pub list_by_customer: PreparedStatement,
    pub add_by_agent: PreparedStatement,
    pub remove_by_agent: PreparedStatement,
    pub list_by_agent: PreparedStatement,
    pub add_by_day: PreparedStatement,
    pub remove_by_day: PreparedStatement,
    pub list_by_day: PreparedStatement,
    pub of_one: PreparedStatement,
}

/// Prepares statements, all of them at QUORUM and repeatable.
pub struct Statements<'a> {
    pub session: &'a Session,
    pub keyspace: &'a str,
}

impl Statements<'_> {
    /// Writes a row; what is bound last is its time to live in seconds, 0 for ever.
    pub async fn add(&self, table: &str, columns: &str) -> Result<PreparedStatement, CqlFailure> {
        let marks = vec!["?"; columns.split(',').count()].join(", ");
        self.prepare(format!(
            "INSERT INTO {}.{table} ({columns}) VALUES ({marks}) USING TTL ?",
            self.keyspace
        ))
        .await
    }

    /// Deletes the row that all `columns` name.
    pub async fn remove(
        &self,
        table: &str,
        columns: &str,
    ) -> Result<PreparedStatement, CqlFailure> {
        let equal: Vec<_> = columns.split(", ").map(|it| format!("{it} = ?")).collect();
        self.prepare(format!(
            "DELETE FROM {}.{table} WHERE {}",
            self.keyspace,
            equal.join(" AND ")
        ))
        .await
    }

    /// `rest`: the table and what follows it.
    pub async fn select(&self, columns: &str, rest: &str) -> Result<PreparedStatement, CqlFailure> {
        self.prepare(format!("SELECT {columns} FROM {}.{rest}", self.keyspace))
            .await
    }

    /// The oldest day that was brought in; of several the smallest stays.
    pub async fn set_oldest(&self) -> Result<PreparedStatement, CqlFailure> {
        self.prepare(format!(
            "INSERT INTO {}.oldest (part, day) VALUES (0, ?) USING TIMESTAMP ?",
            self.keyspace
        ))
        .await
    }

    async fn prepare(&self, text: String) -> Result<PreparedStatement, CqlFailure> {
        let mut prepared = self
            .session
            .prepare(text)
            .await
            .map_err(CqlFailure::refused)?;
        prepared.set_consistency(Consistency::Quorum);
        prepared.set_is_idempotent(true);
        prepared.set_page_size(PAGE_ROWS);
        Ok(prepared)
    }
}

impl IndexStatements {
    pub async fn prepare(statements: &Statements<'_>) -> Result<Self, CqlFailure> {
        let listed = "id, seq, epoch, activation, summary";
        let between = "AND id < ? AND id >= ?";
        Ok(Self {
            add_awake: statements
                .add(
                    "awake_by_shard",
                    "shard, tenant, id, seq, epoch, activation",
                )
                .await?,
            remove_awake: statements
                .remove(
                    "awake_by_shard",
                    "shard, tenant, id, seq, epoch, activation",
                )
                .await?,
            awake_of_shard: statements
                .select("tenant, id", "awake_by_shard WHERE shard = ?")
                .await?,
            awake_of_one: statements
                .select(
                    "seq, epoch, activation",
                    "awake_by_shard WHERE shard = ? AND tenant = ? AND id = ?",
                )
                .await?,
            add_by_customer: statements
                .add(
                    "summary_by_customer",
                    "tenant, customer, id, seq, epoch, activation, summary",
                )
                .await?,
            remove_by_customer: statements
                .remove(
                    "summary_by_customer",
                    "tenant, customer, id, seq, epoch, activation",
                )
                .await?,
            list_by_customer: statements
                .select(
                    listed,
                    &format!("summary_by_customer WHERE tenant = ? AND customer = ? {between}"),
                )
                .await?,
            add_by_agent: statements
                .add(
                    "summary_by_agent_day",
                    "tenant, agent, day, id, seq, epoch, activation, summary",
                )
                .await?,
            remove_by_agent: statements
                .remove(
                    "summary_by_agent_day",
                    "tenant, agent, day, id, seq, epoch, activation",
                )
                .await?,
            list_by_agent: statements
                .select(
                    listed,
                    &format!(
                        "summary_by_agent_day WHERE tenant = ? AND agent = ? AND day = ? {between}"
                    ),
                )
                .await?,
            add_by_day: statements
                .add(
                    "summary_by_day",
                    "tenant, day, part, id, seq, epoch, activation, summary",
                )
                .await?,
            remove_by_day: statements
                .remove(
                    "summary_by_day",
                    "tenant, day, part, id, seq, epoch, activation",
                )
                .await?,
            list_by_day: statements
                .select(
                    listed,
                    &format!("summary_by_day WHERE tenant = ? AND day = ? AND part = ? {between}"),
                )
                .await?,
            of_one: statements
                .select(
                    listed,
                    "summary_by_day WHERE tenant = ? AND day = ? AND part = ? AND id = ?",
                )
                .await?,
        })
    }
}
