//! The page's style sheet.

use crate::report::figure::{page_rules, page_variables};

const RULES: &str = "\
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,'Liberation Sans',sans-serif}
main{max-width:1240px;margin:0 auto;padding:28px 24px 48px}
header{margin-bottom:20px}h1{margin:6px 0 0;font-size:34px;line-height:1.2;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{margin:44px 0 14px;padding-bottom:6px;border-bottom:1px solid var(--rule);font-size:23px;overflow-wrap:anywhere}
h3{margin:26px 0 10px;font-size:17px;overflow-wrap:anywhere}h3 small{font-weight:400;color:var(--muted)}
.card h3{margin:0 0 10px}.data-line{margin:4px 0 14px;color:var(--muted)}
.verdict{display:inline-block;margin:0;padding:2px 12px;border-radius:99px;font-size:13px;font-weight:600}
.verdict.good{background:var(--good);color:var(--paper)}.verdict.bad{background:var(--s2);color:var(--paper)}.verdict.open{background:var(--s1);color:var(--paper)}
p.good,p.bad,p.open{margin:0 0 12px;font-weight:600}p.good{color:var(--good)}p.bad{color:var(--s2)}p.open{color:var(--s1)}.card p:last-child{margin-bottom:0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:12px}
.tile,.card,figure{background:var(--paper);border:1px solid var(--rule);border-radius:10px}
.tile{padding:14px 16px;display:flex;flex-direction:column}.tile span{color:var(--muted);font-size:13px}.tile strong{font-size:25px;line-height:1.35;font-variant-numeric:tabular-nums}
.card{padding:16px 18px;margin:0 0 14px;min-width:0}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(520px,100%),1fr));gap:14px;align-items:start}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(520px,100%),1fr));gap:14px;margin-bottom:14px}
figure{margin:0;padding:12px 14px 10px;min-width:0}figcaption{margin-top:4px;color:var(--muted);font-size:13px;overflow-wrap:anywhere}
.plot{display:block;width:100%;height:auto}a{color:var(--s0)}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:14px}
th{padding:4px 10px 6px 0;border-bottom:1.5px solid var(--muted);text-align:left;font-weight:600;font-size:13px;color:var(--muted);vertical-align:bottom}
td{padding:5px 10px 5px 0;border-bottom:1px solid var(--rule);vertical-align:top;overflow-wrap:break-word}td.wrapped{overflow-wrap:anywhere;min-width:200px}tr:last-child td{border-bottom:0}
th.number,td.number{text-align:right;font-variant-numeric:tabular-nums}td.number{white-space:nowrap}th:last-child,td:last-child{padding-right:0}
tr.aside td{color:var(--muted);font-style:italic}.note-line{margin:10px 0 0;color:var(--muted);font-size:13px}
code{font:13px ui-monospace,'SF Mono',Menlo,Consolas,'Liberation Mono',monospace;overflow-wrap:anywhere}
footer{margin-top:44px;padding-top:12px;border-top:1px solid var(--rule);color:var(--muted);font-size:13px}
@media(max-width:600px){main{padding:18px 12px 32px}h1{font-size:26px}}
@media print{body{font-size:11px}main{max-width:none;padding:0}.figures,.pair{grid-template-columns:1fr 1fr}figure,.card,tr{break-inside:avoid}h2,h3{break-after:avoid}a{display:none}}
";

/// The style sheet, with both themes.
pub(super) fn style() -> String {
    let [light, dark] = page_variables();
    let light = format!("{light}--ground:#f4f5f7;--rule:#dfe2e6;--good:#1d7f45;");
    let dark = format!("{dark}--ground:#0e1013;--rule:#2c3037;--good:#52c07f;");
    format!(
        ":root{{color-scheme:light dark;{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{RULES}{}\n",
        page_rules()
    )
}
