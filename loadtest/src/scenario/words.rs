//! Text of given length. Lengths in the figures are words; a Chinese word is about 1.6 characters,
//! so two of three of these have two.

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

/// First words, as people write them to a shop.
const OPENINGS: &[&str] = &[
    "你好，在吗",
    "这件有货吗",
    "什么时候发货",
    "我的快递到哪了",
    "怎么退货",
    "退款多久到账",
    "定金可以退吗",
    "尾款什么时候付",
    "优惠券用不了",
    "可以开发票吗",
    "尺码怎么选",
    "身高165穿什么码",
    "能改地址吗",
    "想取消订单",
    "买贵了能补差价吗",
    "是正品吗",
    "少发了一件",
    "收到的有瑕疵",
    "怎么换货",
    "运费谁出",
    "忘记密码了",
    "可以分期吗",
    "支持货到付款吗",
    "保修多久",
    "what is your return policy",
    "when will my order ship",
];

const CUSTOMER: &[&str] = &[
    "我", "的", "这个", "还", "没有", "收到", "昨天", "买", "了", "可以", "吗", "颜色", "不",
    "一样", "订单", "快递", "说", "已经", "签收", "什么", "时候", "能", "帮我", "看看", "衣服",
    "大小", "合适", "退", "换", "麻烦", "尽快", "谢谢",
];

const SERVICE: &[&str] = &[
    "亲", "您好", "这边", "帮您", "查询", "一下", "订单", "已经", "安排", "仓库", "发出", "预计",
    "明天", "送达", "如果", "没有", "收到", "可以", "联系", "我们", "支持", "七天", "退换", "请",
    "在", "页面", "申请", "售后", "审核", "通过", "之后", "退款", "原路", "返回", "祝您", "生活",
    "愉快", "的", "哦",
];

pub(super) fn of_customer(first: bool, words: u32, rng: &mut StdRng) -> String {
    if first && let Some(opening) = OPENINGS.choose(rng) {
        return (*opening).to_owned();
    }
    some(CUSTOMER, words, rng)
}

pub(super) fn of_service(words: u32, rng: &mut StdRng) -> String {
    some(SERVICE, words, rng)
}

fn some(of: &[&str], words: u32, rng: &mut StdRng) -> String {
    (0..words.max(1))
        .map(|_| of[rng.random_range(0..of.len())])
        .collect()
}
