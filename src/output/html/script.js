document.documentElement.className="js";
addEventListener("DOMContentLoaded",()=>{
const by=id=>document.getElementById(id),table=by("m"),all=by("all"),count=by("count");
const text=(row,i)=>row.text[i]??=row.cells[i].textContent;
const rows=[...table.tBodies].map((body,i)=>({body,i,row:body.rows[0],cells:body.rows[0].cells,text:[],words:[0,1,2,12].map(n=>body.rows[0].cells[n].textContent).join(" ").toLowerCase()}));
const cap=rows.length>500?100:500;
const q=by("q"),verdict=by("fv"),kind=by("fk"),effect=by("fp");
const any=(row,re,...n)=>n.some(i=>re.test(text(row,i)));
const effects={"":()=>true,no12:r=>text(r,7)!="on",old:r=>any(r,/on|ask/,3,4,5,6),restart:r=>text(r,11)=="pending",unknown:r=>any(r,/\?/,3,4,5,6,7,8,9,10)};
let column=-1,up=true,whole=false,wait;
const order=new Intl.Collator(undefined,{numeric:true,sensitivity:"base"});
const fits=r=>(!verdict.value||r.body.classList.contains(verdict.value))&&(!kind.value||r.body.dataset.k==kind.value)&&effects[effect.value](r);
const draw=sorted=>{
if(sorted){const keys=new Map(rows.map(r=>[r,column<0?"":text(r,column)]));rows.sort((a,b)=>(up?1:-1)*order.compare(keys.get(a),keys.get(b))||a.i-b.i)}
const want=q.value.trim().toLowerCase(),found=rows.filter(r=>fits(r)&&(!want||r.words.includes(want))),n=found.length,shown=whole?found:found.slice(0,cap);
for(const body of[...table.tBodies])body.remove();
table.append(...shown.map(r=>r.body));
count.textContent=(n==rows.length?"All "+n:n+" of "+rows.length)+" machines"+(shown.length<n?", the first "+shown.length+" shown":"");
all.hidden=shown.length>=n;all.textContent="Show all "+n};
addEventListener("beforeprint",()=>{if(!whole){whole=true;draw();whole=false}});
addEventListener("afterprint",()=>draw());
all.addEventListener("click",()=>{whole=true;draw()});
q.addEventListener("input",()=>{clearTimeout(wait);wait=setTimeout(draw,40)});
for(const e of[verdict,kind,effect])e.addEventListener("change",()=>draw());
const heads=[...table.tHead.rows[0].cells];
heads.forEach((head,i)=>{const button=document.createElement("button");button.type="button";button.append(...head.childNodes);head.append(button);head.setAttribute("aria-sort","none");
button.addEventListener("click",()=>{up=column!=i||!up;column=i;for(const h of heads)h.setAttribute("aria-sort","none");head.setAttribute("aria-sort",up?"ascending":"descending");draw(true)})});
const code=e=>e.closest(".code").querySelector("pre");
for(const b of document.querySelectorAll("[data-copy]"))b.addEventListener("click",async()=>{const e=code(b),said=b.textContent;
try{await navigator.clipboard.writeText(e.textContent)}catch{const s=getSelection();s.selectAllChildren(e);document.execCommand("copy");s.removeAllRanges()}
b.textContent="Copied";setTimeout(()=>b.textContent=said,1500)});
for(const b of document.querySelectorAll("[data-save]"))b.addEventListener("click",()=>{const t="\ufeff"+code(b).textContent.replace(/\n/g,"\r\n"),bytes=new DataView(new ArrayBuffer(t.length*2));
for(let i=0;i<t.length;i++)bytes.setUint16(i*2,t.charCodeAt(i),true);
const a=document.createElement("a");a.href=URL.createObjectURL(new Blob([bytes.buffer]));a.download=b.dataset.save;a.click();setTimeout(()=>URL.revokeObjectURL(a.href),1e4)});
for(const a of document.querySelectorAll("[data-kind]"))a.addEventListener("click",()=>{kind.value=a.dataset.kind;q.value=verdict.value=effect.value="";draw()});
draw()});
