const tip=document.getElementById('tip');
for(const heat of document.querySelectorAll('.heat')){
 const data=JSON.parse(heat.querySelector('script').textContent),same=data.rows.join()===data.columns.join();
 for(const cells of heat.querySelectorAll('image.cells')){
  const svg=cells.ownerSVGElement;
  svg.addEventListener('mouseleave',()=>tip.hidden=true);
  svg.addEventListener('mousemove',event=>{
   const box=cells.getBoundingClientRect();
   const j=Math.floor((event.clientX-box.left)/box.width*data.columns.length);
   const i=Math.floor((event.clientY-box.top)/box.height*data.rows.length);
   if(i<0||j<0||i>=data.rows.length||j>=data.columns.length){tip.hidden=true;return}
   const count=data.counts[i][j],total=Array.isArray(data.totals[i])?data.totals[i][j]:data.totals[i];
   const share=total?Math.round(100*count/total):0;
   tip.textContent=same&&i===j?`${data.rows[i]}\n${count} recordings`:
    `${data.rows[i]} × ${data.columns[j]}\n${count} of ${total} recordings (${share} %)\nlift ${data.lift[i][j]}`;
   tip.hidden=false;
   tip.style.left=Math.min(event.clientX+14,innerWidth-tip.offsetWidth-8)+'px';
   tip.style.top=(event.clientY+16)+'px';
  });
 }
}
