//! Shards in few words, for a log that tells afterwards who could act for what, and when.

use crest_actors::ids::Shard;

/// Such as `0-4@7 9@8`: neighbours of one epoch stand together. Epoch 0, which no shard has, is not told.
pub fn spans(taken: &[(Shard, u64)]) -> String {
    let mut taken = taken.to_vec();
    taken.sort_unstable_by_key(|(shard, _)| shard.0);
    let mut words: Vec<String> = Vec::new();
    let mut rest = &taken[..];
    while let Some((first, epoch)) = rest.first() {
        let next = |(index, it): (usize, &(Shard, u64))| {
            (usize::from(it.0.0), it.1) == (usize::from(first.0) + index, *epoch)
        };
        let length = rest.iter().enumerate().take_while(|it| next(*it)).count();
        let last = rest[length - 1].0.0;
        let mut word = match last == first.0 {
            true => last.to_string(),
            false => format!("{}-{last}", first.0),
        };
        if *epoch > 0 {
            word.push_str(&format!("@{epoch}"));
        }
        words.push(word);
        rest = &rest[length..];
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_of_one_epoch_stand_together() {
        let taken = [(9, 8), (1, 7), (0, 7), (2, 7), (3, 8)].map(|(it, epoch)| (Shard(it), epoch));
        assert_eq!(spans(&taken), "0-2@7 3@8 9@8");
        assert_eq!(spans(&[(Shard(254), 0), (Shard(255), 0)]), "254-255");
        assert_eq!(spans(&[]), "");
    }
}
