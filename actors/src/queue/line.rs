//! An ordered set that knows ranks: a treap whose nodes count what is below them.
//!
//! Insert, remove, rank and seek take O(log n) steps with overwhelming probability; priorities come
//! from a counter through a mixing function, so every run is the same.

use super::order::OrderKey;

/// Index of a node; `NIL` stands for no node.
type Link = u32;
const NIL: Link = u32::MAX;

#[derive(Clone, Debug)]
struct Node {
    key: OrderKey,
    priority: u64,
    left: Link,
    right: Link,
    size: u32,
}

/// Waiting entries in the order they are served in.
#[derive(Clone, Debug)]
pub struct Line {
    nodes: Vec<Node>,
    vacant: Vec<Link>,
    root: Link,
    seed: u64,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            nodes: Vec::new(),
            vacant: Vec::new(),
            root: NIL,
            seed: 0,
        }
    }
}

impl Line {
    pub fn len(&self) -> usize {
        self.size(self.root) as usize
    }

    pub fn is_empty(&self) -> bool {
        self.root == NIL
    }

    /// Adds a key that is not in it.
    pub fn insert(&mut self, key: OrderKey) {
        let node = self.allocate(key);
        let (before, after) = self.split(self.root, &key);
        let before = self.merge(before, node);
        self.root = self.merge(before, after);
    }

    /// Takes a key out; false if it was not in it.
    pub fn remove(&mut self, key: &OrderKey) -> bool {
        let (root, removed) = self.cut(self.root, key);
        self.root = root;
        removed
    }

    /// How many are before this key, whether it is in or not.
    pub fn rank(&self, key: &OrderKey) -> usize {
        let (mut at, mut before) = (self.root, 0);
        while at != NIL {
            let node = &self.nodes[at as usize];
            if node.key < *key {
                before += self.size(node.left) as usize + 1;
                at = node.right;
            } else {
                at = node.left;
            }
        }
        before
    }

    /// Keys from this rank on, in order.
    pub fn starting_at(&self, rank: usize) -> StartingAt<'_> {
        let mut path = Vec::new();
        let (mut at, mut skip) = (self.root, rank);
        while at != NIL {
            let node = &self.nodes[at as usize];
            let left = self.size(node.left) as usize;
            if skip <= left {
                path.push(at);
                if skip == left {
                    break;
                }
                at = node.left;
            } else {
                skip -= left + 1;
                at = node.right;
            }
        }
        StartingAt { line: self, path }
    }

    fn allocate(&mut self, key: OrderKey) -> Link {
        self.seed += 1;
        let node = Node {
            key,
            priority: mix(self.seed),
            left: NIL,
            right: NIL,
            size: 1,
        };
        if let Some(link) = self.vacant.pop() {
            self.nodes[link as usize] = node;
            return link;
        }
        self.nodes.push(node);
        Link::try_from(self.nodes.len() - 1).expect("fewer than 4 billion entries")
    }

    fn size(&self, link: Link) -> u32 {
        if link == NIL {
            0
        } else {
            self.nodes[link as usize].size
        }
    }

    fn recount(&mut self, link: Link) {
        let node = &self.nodes[link as usize];
        let size = self.size(node.left) + self.size(node.right) + 1;
        self.nodes[link as usize].size = size;
    }

    /// Parts a tree into keys before `key` and the rest.
    fn split(&mut self, tree: Link, key: &OrderKey) -> (Link, Link) {
        if tree == NIL {
            return (NIL, NIL);
        }
        let node = &self.nodes[tree as usize];
        if node.key < *key {
            let (before, after) = self.split(node.right, key);
            self.nodes[tree as usize].right = before;
            self.recount(tree);
            (tree, after)
        } else {
            let (before, after) = self.split(node.left, key);
            self.nodes[tree as usize].left = after;
            self.recount(tree);
            (before, tree)
        }
    }

    /// Joins two trees, every key of the first before every key of the second.
    fn merge(&mut self, first: Link, second: Link) -> Link {
        if first == NIL {
            return second;
        }
        if second == NIL {
            return first;
        }
        if self.nodes[first as usize].priority > self.nodes[second as usize].priority {
            let joined = self.merge(self.nodes[first as usize].right, second);
            self.nodes[first as usize].right = joined;
            self.recount(first);
            first
        } else {
            let joined = self.merge(first, self.nodes[second as usize].left);
            self.nodes[second as usize].left = joined;
            self.recount(second);
            second
        }
    }

    fn cut(&mut self, tree: Link, key: &OrderKey) -> (Link, bool) {
        if tree == NIL {
            return (NIL, false);
        }
        let (own, left, right) = {
            let node = &self.nodes[tree as usize];
            (node.key, node.left, node.right)
        };
        let removed = match key.cmp(&own) {
            std::cmp::Ordering::Equal => {
                self.vacant.push(tree);
                return (self.merge(left, right), true);
            }
            std::cmp::Ordering::Less => {
                let (left, removed) = self.cut(left, key);
                self.nodes[tree as usize].left = left;
                removed
            }
            std::cmp::Ordering::Greater => {
                let (right, removed) = self.cut(right, key);
                self.nodes[tree as usize].right = right;
                removed
            }
        };
        self.recount(tree);
        (tree, removed)
    }
}

/// See [`Line::starting_at`].
pub struct StartingAt<'a> {
    line: &'a Line,
    /// Nodes still to be given, the next one last.
    path: Vec<Link>,
}

impl Iterator for StartingAt<'_> {
    type Item = OrderKey;

    fn next(&mut self) -> Option<OrderKey> {
        let node = &self.line.nodes[self.path.pop()? as usize];
        let mut at = node.right;
        while at != NIL {
            self.path.push(at);
            at = self.line.nodes[at as usize].left;
        }
        Some(node.key)
    }
}

/// Spreads a counter over 64 bits (the finaliser of SplitMix64, Steele and others, 2014).
fn mix(counter: u64) -> u64 {
    let mut z = counter.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
